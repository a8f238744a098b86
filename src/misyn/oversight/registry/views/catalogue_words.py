"""The recommendations in plain words, as the catalogue has them, listed here so that translators find them.

A test holds this list to the catalogue.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

PLAIN = (
    gettext_noop("Each image file says, in a way a computer can read, that it was made by a machine."),
    gettext_noop(
        "The sign that an image is synthetic stays when the file is saved again, cropped or changed to a new type."
    ),
    gettext_noop("Anyone who looks at the image can see a label that says it is synthetic."),
    gettext_noop("The words used never mix up made images with images of patients."),
    gettext_noop("If a work used made images, it says which ones, how many, how they were made, and what for."),
    gettext_noop("Made images and images of patients are never mixed unless each one says which it is."),
    gettext_noop("From each image you can find out who made it, with what, when, and from which images."),
    gettext_noop("The people who need help say what they need, and there is proof that the need is real."),
    gettext_noop(
        "Simpler ways to help were thought about first, and it is said why made images are the better choice."
    ),
    gettext_noop("It is said who may use the images, for what and where, and which uses are not allowed."),
    gettext_noop(
        "It is said when the tool should not be used, and how people can say no to it or to the use of their data."
    ),
    gettext_noop("What the makers took for granted is listed, with what goes wrong if it is not true."),
    gettext_noop(
        "It is said what links the made images to how bodies and diseases truly look, and where there is no link."
    ),
    gettext_noop(
        "It is said where the images used to build the tool come from and if people agreed. It is said who is "
        "in them and who is missing."
    ),
    gettext_noop("The makers say which groups may be treated unfairly, what they did about it, and what they found."),
    gettext_noop("The people whose images were used to build the tool are kept safe, and this was checked."),
    gettext_noop("It was set down what to test, and how, before anyone saw the results."),
    gettext_noop("When they say it helps, they show proof of that very thing."),
    gettext_noop("Each number says how sure it is, and nothing is called proven if it was not tested."),
    gettext_noop("What went badly is told as clearly as what went well."),
    gettext_noop("It is said how far testing went, and nothing is claimed past that point."),
    gettext_noop("A board that protects people agreed to the use of the images and to tests with people."),
    gettext_noop(
        "It was checked how many made images look like images of patients. It is also said that to look alike "
        "proves nothing about a patient."
    ),
    gettext_noop("It was measured which patients the made images leave out."),
    gettext_noop(
        "It was checked how the made images differ from images of patients. It was also checked for whom they "
        "differ most."
    ),
    gettext_noop("It was checked if made images are copies of images the tool was shown."),
    gettext_noop(
        "It was tested if made images help more than images of patients alone. The test used new images of patients."
    ),
    gettext_noop("It was tested if the made images make things worse for some groups of people."),
    gettext_noop("People are counted, not pictures, and there are enough people to tell."),
    gettext_noop("It is said what does not work, how it can fail, and what that can do to people."),
    gettext_noop("The makers say what the way they built and tested it cannot do."),
    gettext_noop(
        "It is said that no patient stands behind the images, that they leave things out, and that they bring "
        "new errors."
    ),
    gettext_noop("The people it can touch are named, and it is said how each of them was asked."),
    gettext_noop("There is a public page about it that anyone can read and understand."),
    gettext_noop("Anyone can ask about it or object, and gets an answer by a set day."),
    gettext_noop("If an objection is right, the status changes, and all who check an image get to know."),
    gettext_noop("Someone who did not make it has checked it and says if they gain from it."),
    gettext_noop("After release, someone watches for harm, writes it down, and can call the images back."),
    gettext_noop("Nobody can change the past record without others seeing it."),
)
