"""RabbitMQ as the contract sees it: what exists there, how a message looks, and how one is published for certain."""
