"""One model, one file, one paper."""
