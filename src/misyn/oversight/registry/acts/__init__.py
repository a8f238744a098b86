"""What can be done: each act asks :mod:`misyn.oversight.registry.roles`, changes rows, and ends in the log.

=============  ================================================================================================
module         acts
=============  ================================================================================================
history        append what happened to the log; the last step of every act
publishing     publish a bundle, list the images that were declared
asking         raise a concern; follow it, add to it, take it back, erase one's own words
answering      answer a concern, with what follows for the entry
standing       current, contested or withdrawn: derived from the answers; withdraw an entry
reviewing      review a publication; reopen what a new publication changes
moderating     hide abusive words, erase personal ones; never a fact
stating        say something about other people's work; correct it; their reply
accounts       make accounts and tokens, sign in, lock
checkpoint     sign what the log holds, and the status of every entry with it
=============  ================================================================================================
"""
