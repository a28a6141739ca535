"""Published weights: fetching them, reading them safely, and the libraries that run them."""
