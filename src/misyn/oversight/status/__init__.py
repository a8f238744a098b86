"""What a registry says of the records that files name: fetched, checked, kept, and applied to verdicts, also offline.

==========  ==================================================================================================
module      what it is
==========  ==================================================================================================
statuslist  the list itself: written by a registry, proven by its log
known       what this reader knows of a registry, from a folder, a URL or what it kept; never older than before
applied     the status of files and audits, as of when it was known
==========  ==================================================================================================

Rules
-----
1. Nothing is imported here, and nothing of the web framework anywhere below.
"""
