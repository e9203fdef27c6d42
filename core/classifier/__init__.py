"""Sort pictures into classes of one's own: organise, train, evaluate, save, predict.

data/      labelled pictures: `examples` as one backbone sees them, their `sources`, what `organise` finds
           wrong with them, their `split`, `write_out` to folders; `datasets` ship with the project
training/  `options`; the small `head` on top of the embeddings and its gradients; `passes` over the pictures;
           a `trainer` that can be stopped at any time; `finetune` trains the backbone too and needs torch
model/     `files` and back, with checks; the `card` beside them; `export` to ONNX; `predict` for new pictures
evaluate   how good it is, beside k-NN and zero-shot
run        from examples to an evaluated classifier
commands   the command line of it
"""
