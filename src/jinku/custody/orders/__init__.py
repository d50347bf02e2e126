"""Orders: what a platform asks for, the transfers that it becomes, and the desk that books them."""
