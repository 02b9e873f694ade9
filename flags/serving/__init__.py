"""The short road: what SDKs ask all the time is answered in front of Django, by the same code and with the same bytes.

`front` stands before the WSGI application, `callers` knows who asks, `doors` reads and answers. Whatever is unusual (a
mistake, an unknown key, a big body) is left to Django, so that there is one place which refuses.
"""
