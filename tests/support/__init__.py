"""What tests share: the rules of the house, a private broker and database, waiting."""
