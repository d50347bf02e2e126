"""Floor 3: accounts and transfers, the deterministic state machine, and the engines that keep its bytes."""
