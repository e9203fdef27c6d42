"""Every sentence that a visitor of the pages reads; a second language is a second `Words`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """The words of the pages; `{…}` is filled in by `str.format`."""

    page_title: str = "Vitrine · find what looks like it"
    name: str = "Vitrine"
    headline: tuple[str, ...] = ("Show it a photo.", "See what looks like it.")
    lead: str = (
        "Give it a sneaker, a shirt, a bag or a dress: the closest of {n_items:,} pieces from two catalogues "
        "come back in a moment."
    )

    source: str = "Where your photo comes from"
    sources: dict[str, str] = field(
        default_factory=lambda: {
            "upload": ":material/image: Photo",
            "camera": ":material/photo_camera: Camera",
        }
    )
    upload: str = "Drop a photo here, or choose one"
    camera: str = "Take a photo"
    camera_name: str = "Your camera photo"
    camera_note: str = "The camera is asked for only while this tab is open."
    samples_heading: str = "Or try one of these"
    samples: dict[str, str] = field(
        default_factory=lambda: {"sneaker": "Sneaker", "shirt": "Shirt", "bag": "Bag", "dress": "Dress"}
    )
    privacy: str = (
        "A photo is kept in memory only, for this visit. It is never written to disk and never sent elsewhere."
    )

    ask_words: str = "Or say it in words"
    ask_words_placeholder: str = "red dress"
    ask_words_go: str = "Search"
    examples: tuple[str, ...] = ("red dress", "white sneakers", "black leather bag", "striped shirt", "blue jeans")
    no_known_words: str = (
        "I have not learned any of these words yet. Kinds and colours work best, in English: try “red dress”."
    )
    but: str = "This, but …"
    but_placeholder: str = "blue"
    but_said: str = "But “{words}”"
    less_said: str = "Less like “{words}”"
    less: str = "Less like …"
    less_placeholder: str = "striped"
    beside: str = "Change it with words"
    beside_go: str = "Apply"
    beside_clear: str = "Without these words"
    weight: str = "How much these words count"
    no_figures: str = "Nothing is known of how sure a match with added words is, so only its similarity is shown."
    not_fashion: str = (
        "This does not look like clothes, shoes or a bag to me. Here is what comes closest, but take it lightly."
    )

    looking: str = "Looking…"
    query_kinds: dict[str, str] = field(
        default_factory=lambda: {
            "photo": "Your photo",
            "sample": "Sample",
            "item": "From the catalogue",
            "words": "Your words",
        }
    )
    query_alt: str = "The picture that is searched with: {name}"
    photo_gone: str = "That photo is no longer kept here. Please choose it again."
    back: str = "Back to {name}"
    start_over: str = "Start over"

    how_to_read: str = "How to read this"
    explanation: str = (
        "**Similarity** compares two pictures as the model sees them: 1.000 is the same picture, 0 is nothing "
        "in common.\n\n"
        "**The bar and its words** say how probable it is that a match this similar is the same kind of piece "
        "as yours. It was measured on thousands of searches whose right answer is known.\n\n"
        "**Closer than …** says how many of all random pairs of pictures are less similar than these two."
    )
    hit_alt: str = "Match {rank}: {title}, {catalogue}"
    similarity: str = "Similarity"
    chance: str = "{percent} likely the same kind"
    #: From this probability of being of the same kind on; the first that fits is taken.
    verdicts: tuple[tuple[float, str], ...] = (
        (0.95, "Excellent match"),
        (0.8, "Strong match"),
        (0.6, "Fair match"),
        (0.4, "Weak match"),
        (0.0, "Loose match"),
    )
    closer_than: str = "closer than {percent} of pairs"
    more: str = "More like this"
    nothing: str = "Nothing passes these options. A lower minimum similarity or more classes will show more."
    stages: dict[str, str] = field(
        default_factory=lambda: {
            "decode": "decoded in {ms} ms",
            "embed": "embedded in {ms} ms",
            "search": "searched {n_items:,} pieces in {ms} ms",
        }
    )
    timings_help: str = (
        "Decoding reads the picture, embedding turns it into the figures that the model compares, and "
        "searching looks them up in the index."
    )

    catalogue: str = "Catalogue"
    catalogues: dict[str, str] = field(
        default_factory=lambda: {
            "all": "Both",
            "clothing": "Clothing photos",
            "fashion-mnist": "Fashion-MNIST",
        }
    )
    catalogue_help: str = (
        "Clothing photos are colour pictures that people took at home. Fashion-MNIST has small grey pictures "
        "of 28 × 28 pixels. A colour photo is usually closest to other photos, so look at each on its own too."
    )
    options: str = "Options"
    k: str = "How many matches"
    classes: str = "Only these kinds"
    classes_placeholder: str = "All kinds"
    minimum: str = "Minimum similarity"
    minimum_help: str = "0 shows the closest ones however far they are."
    csv: str = "CSV"
    csv_help: str = "Download these matches as a table"

    unknown_item: str = "The link asks for an item that is in none of the catalogues: {id}."
    sample_missing: str = "the sample picture is missing"

    navigation: dict[str, str] = field(default_factory=lambda: {"search": "Search", "browse": "Browse"})
    browse_title: str = "Browse · Vitrine"
    browse_heading: str = "Browse the catalogues"
    browse_class: str = "Class"
    browse_all_classes: str = "All classes"
    browse_sort: str = "Order"
    browse_sorts: dict[str, str] = field(
        default_factory=lambda: {"catalogue": "As in the catalogue", "class": "By class"}
    )
    browse_size: str = "Pieces a page"
    browse_count: str = "{n:,} pieces · page {page:,} of {pages:,}"
    browse_one: str = "1 piece"
    browse_jump: str = "Go to page"
    browse_earlier: str = "Previous page"
    browse_later: str = "Next page"
    browse_empty: str = "No piece of this kind is in this catalogue."
    browse_reset: str = "Show everything"
    browse_close: str = "Back to the catalogue"
    browse_trail: str = "Where you have been"
    browse_near: str = "The {n} pieces that look most like it"
    browse_alone: str = "There is nothing to compare it with."
    browse_item_alt: str = "{title}, {catalogue}"
    browse_similarity: str = "Similarity {similarity:.3f}"
    browse_id: str = "Id"
    browse_marks: dict[str, str] = field(default_factory=lambda: {"exact": "Same picture", "near": "Near duplicate"})
    browse_bad_catalogue: str = "There is no catalogue “{value}”, so both are shown."
    browse_bad_class: str = "There is no class “{value}” here, so all classes are shown."
    browse_bad_sort: str = "There is no order “{value}”, so the catalogue's own is used."
    browse_bad_size: str = "“{value}” is not a page size, so {size} pieces are shown."
    browse_bad_page: str = "There is no page “{value}”, so page {page:,} is shown."


WORDS = Words()
