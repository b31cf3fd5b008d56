"""The science and the words both sides exchange: pure, without clock, network, database, torch or global randomness."""
