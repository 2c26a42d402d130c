"""Tables in, a typed data set out."""
