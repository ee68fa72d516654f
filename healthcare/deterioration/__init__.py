"""A site's own deterioration score: learnt from its own stays, held against NEWS2, off unless it wins."""
