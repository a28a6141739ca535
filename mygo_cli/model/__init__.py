"""The paper's model: CMEE, CTE, fine-grained contrastive loss. Pure tensors, no I/O."""
