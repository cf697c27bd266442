"""The objective: the table LOSSES, and a weighted list of losses."""
