"""`negatives run`: build, audit, train, evaluate, report; what is unchanged is not done again."""
