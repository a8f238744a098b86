"""Is this image declared? Answered from a digest's prefix, from a list to download, or from an upload after a warning.

==========  ==================================================================================================
module      what it does
==========  ==================================================================================================
prefix      all declared digests that begin with a few digits: the registry does not learn which one was meant
memory      an upload that stays in memory, or is refused
limited     reading an uploaded image in a process of its own, with little time and memory, and no network
==========  ==================================================================================================
"""
