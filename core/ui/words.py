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
            "all": "All",
            "clothing": "Clothing photos",
            "fashion-mnist": "Fashion-MNIST",
            "own": "Your catalogue",
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

    navigation: dict[str, str] = field(
        default_factory=lambda: {"search": "Search", "browse": "Browse", "own": "Your catalogue"}
    )
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
    browse_bad_catalogue: str = "There is no catalogue “{value}”, so all are shown."
    browse_bad_class: str = "There is no class “{value}” here, so all classes are shown."
    browse_bad_sort: str = "There is no order “{value}”, so the catalogue's own is used."
    browse_bad_size: str = "“{value}” is not a page size, so {size} pieces are shown."
    browse_bad_page: str = "There is no page “{value}”, so page {page:,} is shown."

    own_title: str = "Your catalogue · Vitrine"
    own_heading: str = "Your catalogue"
    own_lead: tuple[str, ...] = (
        "Put your pictures in a ZIP. Its folders become labels, such as shoes or bags.",
        "Drop it here. In a moment it can be searched on every page, beside the catalogues that are always here.",
        "Run many photos against it at once, find duplicates, and download what was made of it.",
    )
    own_privacy: str = "Only this visit can see your pictures. They are kept in memory, and are gone when you leave."
    own_upload: str = "Drop a ZIP of pictures or a CSV with their addresses here, or choose one"
    own_limits: str = "At most {images:,} pictures; {megabytes:g} MB an archive."
    own_urls_off: str = (
        "A CSV of picture addresses cannot be used here: fetching them is switched off "
        "(VITRINE_ALLOW_URLS=1 allows it)."
    )
    own_urls_on: str = "The CSV needs a column image_url; label and title are taken from their columns, too."
    own_example: str = "Try it with an example"
    own_example_download: str = "Download the example"
    own_folder: str = "Or a folder on this computer"
    own_folder_add: str = "Add the folder"
    own_saved: str = "Or a catalogue built on the command line"
    own_saved_open: str = "Open it"
    own_elsewhere: str = (
        "This link leads into a catalogue that somebody brought along for one visit. "
        "Only that visit can see it, and it may be over."
    )

    own_jobs: dict[str, str] = field(
        default_factory=lambda: {"add": "Adding your pictures", "ask": "Running your queries"}
    )
    own_progress: str = "{done:,} of {total:,} · {speed:.0f} pictures a second · {left:.0f} s left"
    own_progress_open: str = "{done:,} so far · {speed:.0f} pictures a second"
    own_progress_first: str = "Starting…"
    own_progress_skipped: str = "{n:,} left out so far"
    own_cancel: str = "Cancel"
    own_cancel_note: str = "What is in by then stays in."
    own_done: dict[str, str] = field(
        default_factory=lambda: {
            "add": "{n:,} pictures are in, {speed:.0f} a second.",
            "ask": "{n:,} queries were run, {speed:.0f} a second.",
        }
    )
    own_stopped: dict[str, str] = field(
        default_factory=lambda: {
            "add": "Stopped. {n:,} pictures of this upload are in and can be searched.",
            "ask": "Stopped. The answers to {n:,} queries are below.",
        }
    )
    own_nothing: str = "None of these pictures could be used. The list says why."
    own_skipped: str = "{n:,} left out, and why"
    own_skipped_columns: tuple[str, str] = ("File", "Why it was left out")

    own_count: str = "{n:,} pictures · {labels:,} labels · {used:.1f} of {limit:g} MB"
    own_search: str = "Search it"
    own_browse: str = "Browse it"
    own_start_over: str = "Start over"
    own_start_over_note: str = "All pictures of your catalogue will be forgotten."
    own_start_over_yes: str = "Forget them"
    own_section: str = "What to do with it"
    own_sections: dict[str, str] = field(
        default_factory=lambda: {
            "items": ":material/grid_view: Pictures",
            "add": ":material/add: Add more",
            "queries": ":material/manage_search: Run queries",
            "duplicates": ":material/content_copy: Duplicates",
            "downloads": ":material/download: Downloads",
        }
    )
    own_label: str = "Label"
    own_all_labels: str = "All labels"
    own_no_label: str = "Without a label"
    own_page: str = "Page"
    own_pick: str = "Choose"
    own_remove: str = "Remove the chosen ones ({n:,})"
    own_remove_label: str = "Remove all with this label ({n:,})"

    own_find_duplicates: str = "Look for duplicates"
    own_no_duplicates: str = "No picture is here twice, and no two look nearly the same."
    own_exact: str = "{n:,} pictures are copies of an earlier one, byte for byte."
    own_remove_copies: str = "Remove the copies, keep the first of each"
    own_near: str = "{n:,} pairs look nearly the same (similarity {threshold:g} or more). The closest:"

    own_index: str = "Index"
    own_index_help: str = "An hnswlib index (cosine) of the embeddings, in the order of the table."
    own_embeddings: str = "Embeddings"
    own_embeddings_help: str = "A NumPy .npz of ids, names, labels and embeddings, to be read without pickle."
    own_table: str = "Item table"
    own_table_help: str = "A CSV with every column that your pictures came with."
    own_downloads_note: str = "Each file is made when you ask for it."
    own_keep_note: str = "To keep a catalogue for good: python -m core build --catalogue NAME --from PATH"

    own_queries_lead: str = (
        "A ZIP of photos is run against your catalogue, up to {n:,} at a time. If its folders are named like your "
        "labels, you also learn where to draw the line between a match and no match."
    )
    own_queries_upload: str = "Drop a ZIP of query photos here, or choose one"
    own_queries_example: str = "Try it with example queries"
    own_threshold: str = "A match has at least this similarity"
    own_matched: str = "{matched:,} of {n:,} queries have a match"
    own_precision: str = "Precision"
    own_recall: str = "Recall"
    own_similarity: str = "Threshold"
    own_curve: str = (
        "Precision: how many of the pairs at or above the threshold have one label. Recall: how many of the pairs "
        "with one label are at or above it. From {queries:,} queries and {pairs:,} pairs."
    )
    own_curve_alt: str = "Precision and recall for every threshold from 0 to 1"
    own_no_curve: str = "No query has a label that your catalogue knows, so precision and recall cannot be told."
    own_suggest: str = "Best balance: {threshold:.3f}"
    own_suggest_precise: str = "95% right: {threshold:.3f}"
    own_answers: str = "Show"
    own_answer_kinds: dict[str, str] = field(
        default_factory=lambda: {"all": "All queries", "match": "With a match", "none": "No match"}
    )
    own_no_match: str = "No match"
    own_closest: str = "The closest has {similarity:.3f}."
    own_none_of_these: str = "No query is of this kind."
    own_results_csv: str = "Results as CSV"
    own_results_html: str = "Report with pictures"


WORDS = Words()
