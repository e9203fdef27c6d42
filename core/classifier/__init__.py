"""Sort pictures into classes of one's own: organise, train, judge, keep, use.

    examples   pictures with labels, as one backbone sees them
    sources    folders, ZIP archives and tables of labels -> pictures with labels
    split      training, validation and test, by class and by group
    organise   what is wrong with the pictures, and where each of them goes
    head       the small network on top of the embeddings: what it computes, and its gradients
    passes     going through the training pictures; `options` says how, `views` adds cropped and mirrored ones
    trainer    a run of such passes that can be stopped at any time
    run        from examples to a judged classifier; `datasets` are the examples that ship with the project
    judge      how good it is, beside k-NN and zero-shot
    keep       to files and back, with checks
    export     to ONNX
    use        new pictures -> classes with probabilities

Fine-tuning the backbone itself needs torch and is in `core.classifier.training.finetune`.
"""
