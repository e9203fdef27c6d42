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

    looking: str = "Looking…"
    query_kinds: dict[str, str] = field(
        default_factory=lambda: {"photo": "Your photo", "sample": "Sample", "item": "From the catalogue"}
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

    navigation: dict[str, str] = field(default_factory=lambda: {"search": "Search", "browse": "Browse", "maps": "Maps"})
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

    maps_title: str = "Maps · Vitrine"
    maps_heading: str = "Maps of what looks alike"
    maps_lead: str = (
        "Every point is a piece, and points lie close where the model sees pieces as alike. Rest the pointer on a "
        "point to see it, click it for its closest matches, or draw around points to see them all below."
    )
    maps_none: str = "No map has been made yet. Whoever runs this server makes one, in a few minutes, with:"
    maps_bad_value: str = "The link asks for “{value}”, which is not on this page, so the usual is shown."
    maps_map: str = "Map"
    maps_beside: str = "Beside it"
    maps_no_second: str = "No second map"
    maps_colour: str = "Colour"
    maps_colours: dict[str, str] = field(
        default_factory=lambda: {
            "class": "Class",
            "catalogue": "Catalogue",
            "predicted": "Class that its neighbours have",
            "wrong": "Nearest piece is of another class",
        }
    )
    maps_sides: tuple[str, ...] = ("Nearest piece is of the same class", "Nearest piece is of another class")
    maps_kind: str = "Find a class"
    maps_no_kind: str = "All classes"
    maps_find: str = "Find a piece by its id"
    maps_find_example: str = "fashion-mnist/test/00007"
    maps_query: str = "Place a sample"
    maps_no_query: str = "None"
    maps_alt: str = "Map of {name}. The table of classes at the end of this page says in figures what it shows."
    maps_predicted: str = "Its neighbours: {name}"
    maps_loading: str = "Drawing the map…"
    maps_failed: str = "The map could not be drawn. Reloading the page may help."
    maps_faithful: str = (
        "How far to trust the map of {title}, {n:,} pieces: of 1 at best, its trustworthiness is {trust:.3f} "
        "({trust_low:.3f} to {trust_high:.3f}), so what lies together mostly belongs together. Flattening loses detail "
        "all the same: of the {k} closest matches of a piece, {kept:.0%} ({kept_low:.0%} to {kept_high:.0%}) are also "
        "the {k} closest points. How far apart groups lie means little."
    )
    maps_closest: str = "Closest to what is placed on the map"
    maps_chosen: str = "{n:,} pieces chosen"
    maps_count: str = "{title} {n:,}"
    maps_page: str = "Page, of {n:,}"
    maps_csv_help: str = "Download all chosen pieces as a table"
    maps_mistakes: str = "Where two classes mix"
    maps_first: str = "Pieces of"
    maps_second: str = "among"
    maps_mistakes_count: str = (
        "**{n:,}** of {of:,} pieces of the class *{own}* have neighbours that are mostly of the class *{other}*. "
        "The clearest come first."
    )
    maps_table: str = "The map as a table"
    maps_columns: tuple[str, ...] = ("Class", "Catalogue", "Pieces", "Neighbours of the same class")


WORDS = Words()
