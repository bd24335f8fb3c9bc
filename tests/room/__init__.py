"""A room of the chat with clients of every age: for a test, and for the picture of the documentation."""
