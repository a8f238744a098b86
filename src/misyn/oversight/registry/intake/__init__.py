"""What is accepted: a bundle that holds, that somebody signed, and that holds nothing but aggregates.

==========  ==================================================================================================
module      what it does
==========  ==================================================================================================
content     what a publication holds, read from a bundle's members
aggregate   what in it is no aggregate, or does not belong: every place is named, no value is repeated
submission  the signed document that a publisher sends with a bundle
==========  ==================================================================================================
"""
