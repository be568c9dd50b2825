"""The owner of a partition: folds its log into twins and history, sends commands, answers questions."""
