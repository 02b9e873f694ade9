"""The SDKs' stream: a hub per process, a feed per environment, a subscriber per socket."""
