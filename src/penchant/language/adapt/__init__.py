"""Teaching a language model what people do with the things that it reads about."""
