"""The provider's own clients against us: installed and run by `make test-clients`, never by `make test`."""
