"""A dataset folder to a KnowledgeGraph: ids, splits, known facts, problems found."""
