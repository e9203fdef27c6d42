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

    navigation: dict[str, str] = field(
        default_factory=lambda: {"search": "Search", "browse": "Browse", "compare": "Compare"}
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
    browse_bad_catalogue: str = "There is no catalogue “{value}”, so both are shown."
    browse_bad_class: str = "There is no class “{value}” here, so all classes are shown."
    browse_bad_sort: str = "There is no order “{value}”, so the catalogue's own is used."
    browse_bad_size: str = "“{value}” is not a page size, so {size} pieces are shown."
    browse_bad_page: str = "There is no page “{value}”, so page {page:,} is shown."

    compare_title: str = "Compare · Vitrine"
    compare_heading: str = "Compare backbones"
    compare_view: str = "What to look at"
    compare_views: dict[str, str] = field(
        default_factory=lambda: {
            "query": ":material/view_column: One query",
            "disputes": ":material/forum: Disagreements",
            "benchmark": ":material/table_chart: Benchmark",
            "index": ":material/tune: Index settings",
        }
    )
    compare_choose: str = "Backbones, at most four"
    compare_placeholder: str = "Choose, or type a name"
    compare_choose_help: str = (
        "Any model of timm or open_clip can be typed in, such as timm:convnext_tiny.fb_in22k or "
        "open_clip:ViT-B-16/laion2b_s34b_b88k. What its library says of it decides how pictures are prepared."
    )
    compare_choose_some: str = "Choose a backbone above, better two: then they can be compared."
    compare_empty: str = (
        "Give a photo or pick a sample. Each backbone shows the five pieces that it finds closest, among the same "
        "photos of clothes and 10,000 pictures of Fashion-MNIST."
    )
    compare_waiting: str = "At work…"
    compare_facts: str = "{dim:,} numbers · {parameters} · {size} px"
    compare_millions: str = "{n:.1f} M parameters"
    compare_weightless: str = "no weights"
    compare_embed: str = "Embedded in {ms:.1f} ms"
    compare_stored: str = "Embedding was stored"
    compare_search: str = "compared with {n_items:,} pieces in {ms:.1f} ms"
    compare_also: str = "Also found by {n} more"
    compare_all_agree: str = "All of them show the same pieces."
    compare_two: str = "{first} and {second} have {n} of {k} pieces in common; {kinds} of {k} are of the same kind."
    compare_furthest: str = (
        "{first} and {second} disagree most: {n} of {k} pieces in common, {kinds} of {k} of the same kind."
    )
    compare_overlap: str = "Pieces in common among the first {k}"
    compare_cell: str = "{n} of {k}"
    compare_cell_kinds: str = "{n} of {k} kinds"
    compare_command: str = "To reproduce it:"
    compare_no_gallery: str = (
        "Its gallery of {n:,} pictures has not been built yet. That takes about {minutes} min here, and is kept for "
        "the next visitor."
    )
    compare_build: str = "Build it now"
    compare_build_starts: str = "Getting ready…"
    compare_build_progress: str = "{n:,} of {total:,} pictures, about {minutes:.0f} min left"
    compare_build_stop: str = "Stop"

    disputes_need_two: str = "Choose at least two backbones whose gallery is here."
    disputes_note: str = (
        "Of a random sample of the catalogues, the pieces for which {names} find the most different {k} neighbours."
    )
    disputes_sample: str = "Sample"
    disputes_sample_help: str = "Another number draws another sample; the same number always draws the same one."
    disputes_looking: str = "Comparing neighbours…"
    disputes_open: str = "Compare"

    protocol: str = "Protocol"
    protocols: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "fashion-mnist": (
                "Fashion-MNIST",
                "Queries are the 10,000 test pictures, the gallery is the 60,000 training pictures.",
            ),
            "clothing": (
                "Clothing photos",
                "Queries are the test photos that show a garment, the gallery is every other such photo of another "
                "person.",
            ),
            "clothing-small": (
                "Clothing, ten classes",
                "A linear head on frozen embeddings, trained on training and validation photos, asked about the 372 "
                "canonical test photos.",
            ),
            "fashion-products": (
                "Product photos",
                "Each of 1,000 product photos that no training saw is a query among the other 999.",
            ),
        }
    )
    metric: str = "Figure"
    metrics: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "R@1": ("R@1", "Share of queries whose closest item has their label."),
            "P@5": ("P@5", "Share of the five closest items that have the query's label."),
            "mAP@100": ("mAP@100", "Mean average precision of the hundred closest items."),
            "knn_accuracy": ("k-NN accuracy", "Share of queries whose twenty neighbours vote for their label."),
            "linear_accuracy": ("Linear accuracy", "Accuracy of a logistic regression on frozen embeddings."),
            "zero_shot_accuracy": ("Zero-shot accuracy", "Accuracy of the class whose words are closest."),
            "colour_P@5": ("Colour P@5", "Share of the five closest items that have the query's colour."),
            "text_R@10": ("Text R@10", "Share of names that find their own photo among the first ten."),
        }
    )
    costs: dict[str, tuple[str, str, str]] = field(
        default_factory=lambda: {
            "ms_p50": ("ms, median", "%.1f", "Milliseconds for one decoded photo, one at a time."),
            "ms_p95": ("ms, p95", "%.1f", "95 of 100 photos are done by then."),
            "images_per_s": ("Images/s", "%.1f", "In batches of 32."),
            "peak_memory_mb": ("Peak MB", "%.0f", "The most memory of a process that only embeds, libraries included."),
            "n_parameters": ("Parameters", "localized", "Of all towers that are loaded."),
            "bytes_per_vector": ("Bytes a vector", "localized", "Of one full embedding at half precision."),
        }
    )
    table_empty: str = "Nothing has been evaluated yet."
    table_backbone: str = "Backbone"
    table_interval: str = "95 %"
    table_unknown: str = "–"
    table_alt: str = "Figures of all backbones on {protocol}, with 95 % intervals and costs"
    table_csv_help: str = "Download this table with all bounds, versions and machines"
    table_note: str = "Click on a column's head to sort."
    table_run: str = "Computed on {date}, {threads} threads of {processor}; {versions}."
    table_missing: str = "{n} not computed yet"
    plot_alt: str = "Quality against cost: {metric} over milliseconds an image, one point a backbone"
    plot_ms: str = "ms an image (median, one at a time)"
    plot_hover: str = (
        "%{customdata[0]}<br>%{y:.3f}, %{x:.1f} ms<br>%{customdata[1]:.0f} MB, %{customdata[2]:.1f} M parameters"
        "<extra></extra>"
    )
    differs_heading: str = "Do they really differ?"
    differs_needs_two: str = "Choose two backbones that were evaluated, and this says whether they really differ."
    differs: str = "{first} is better than {second} by {x:.1f} points [{low:.1f}, {high:.1f}]."
    differs_not: str = (
        "No difference can be shown between {first} and {second}: it lies between {low:.1f} and {high:.1f} points."
    )
    differs_unknown: str = "Nothing is known of single queries of {first} or {second}; evaluating them again helps."
    differs_note: str = (
        "Paired bootstrap over the same queries, 95 % interval, of the figure chosen above. Each pair is looked at on "
        "its own."
    )
    published_heading: str = "Published elsewhere"
    published: dict[str, str] = field(
        default_factory=lambda: {
            "system": "System",
            "metric": "Closest of our figures",
            "value": "Value",
            "note": "What is different",
            "source": "Source",
        }
    )
    published_same: str = "Nothing: the same definition"

    sweep_empty: str = "The index's settings have not been measured here yet."
    sweep_alt: str = "index_recall@10 over queries a second, one line for each M, a point for each ef"
    sweep_speed: str = "queries a second, one thread"
    sweep_hover: str = "%{text}: %{y:.3f} at %{x:,.0f} a second<extra></extra>"
    sweep_note: str = (
        "One graph over {n_items:,} items of {dim} numbers, ef_construction {ef_construction}; exact search manages "
        "{exact_queries_per_s:,} queries a second. Measured on {date}, {processor}."
    )
    ef_heading: str = "Turn it on your own query"
    ef_note: str = (
        "The index keeps ef candidates while it searches: few are fast and may miss a piece, many are slower and "
        "find all. This plays with a copy of the index; nobody else's search changes."
    )
    ef_empty: str = "Give a photo or pick a sample to see which of its matches depend on ef."
    ef: str = "ef"
    ef_help: str = "Candidates kept while searching; at least as many as there are matches."
    ef_found: str = (
        "With ef {ef}, **{n} of the {k}** closest pieces are found, in {ms:.2f} ms. Comparing with everything takes "
        "{exact_ms:.0f} ms."
    )
    ef_same: str = "Found"
    ef_missed: str = "Missed"
    ef_instead: str = "Instead"


WORDS = Words()
