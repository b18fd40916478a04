"""The only ways out of the process: files here, and later clusters, engines, the store and messengers.

What may enter: opening, reading and writing, with every limit, deadline and error text that the outside demands.
What may not: the meaning of what was read. An adapter gives text and bytes; it knows no manifest and no engine.
"""
