"""Models of other libraries: transformers' folders and names, adapters of peft, nested files."""
