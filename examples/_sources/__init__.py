"""Sources of the handbook's binary files, and one module for each format they become."""
