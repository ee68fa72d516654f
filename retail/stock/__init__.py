"""Rules about stock: what is believed to be there, what will sell, what to order, what to look at. Pure; no I/O."""
