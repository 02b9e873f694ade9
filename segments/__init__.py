"""Named audiences: listed ids in, listed ids out, else conditions."""
