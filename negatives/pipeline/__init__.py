"""`negatives run`: build, audit, train, evaluate, report; unchanged stages are skipped."""
