"""The documentation as a site: what MkDocs is told of docs/, and nothing that a page says."""
