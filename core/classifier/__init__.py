"""Sort pictures into classes of one's own: organise, train, judge, keep, use.

    examples   pictures with labels, as one backbone sees them
    sources    folders, ZIP archives and tables of labels -> pictures with labels
    split      training, validation and test, by class and by group
    organise   what is wrong with the pictures, and where each of them goes
    head       the small network on top of the embeddings, and its training
    judge      how good it is, beside k-NN and zero-shot
    keep       to files and back, with checks
    export     to ONNX
    use        new pictures -> classes with probabilities

Fine-tuning the backbone itself needs torch and is in `core.training.finetune`.
"""
