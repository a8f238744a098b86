"""Pages: built on the server, in plain words and two languages, usable by keyboard alone and without JavaScript.

==========  ==================================================================================================
module      pages
==========  ==================================================================================================
context     what every page has
facts       what is known of a technique, in plain words
entries     the front page with search; an entry in three depths; its report, badge and feed
concerns    raise a concern, in three steps at most; read it; follow it with a receipt
lookups     is this image declared?
statements  what is said here about other people's work, and their reply
desk        what people with a role have to do: answer, review, moderate, withdraw, accounts
signing_in  in and out
files       proofs, events, status lists, the log
forms       what people fill in
remembered  public pages, built once for everybody until something happens
errors      what is shown when something is refused by Django itself
==========  ==================================================================================================
"""
