"""What is minimised: the table LOSSES, and a weighted list of them."""
