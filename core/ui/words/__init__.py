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
    uploads_full: str = (
        "This visit would hold more than {megabytes:g} MB of uploads: remove one, or load the page again."
    )
    privacy: str = "A photo is kept in memory, for this visit only, and is never sent elsewhere."

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
    no_figures: str = (
        "How sure a match is, nobody knows for a query that was changed like this, so only its similarity is shown."
    )
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
    less_like: str = "Less like this"
    less_like_chip: str = "Less like: {name}"
    less_like_full: str = "A search can be pushed away from {n} pieces. Take one back first."
    nothing: str = "Nothing passes these options. A lower minimum similarity or more classes will show more."
    no_colours: str = (
        "{names} is grey and cannot show the colour that you asked for, so it was left out. "
        "Choose it above to search it all the same. How likely a piece is the same kind says nothing of its colour."
    )
    grey: str = "{names} is grey: its pieces cannot show the colour that you asked for."
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
        default_factory=lambda: {
            "search": "Search",
            "browse": "Browse",
            "own": "Your catalogue",
            "compare": "Compare",
            "maps": "Maps",
            "train": "Train",
        }
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
    train_title: str = "Train a classifier · Vitrine"
    train_heading: str = "Train a classifier"
    train_lead: str = (
        "Sort pictures into classes of your own: give it some that are sorted already, and in seconds it learns to "
        "sort the rest."
    )
    train_privacy: str = (
        "Pictures and classifier are kept in memory for this visit only. Download what you want to keep."
    )
    train_step_data: str = "1 · Pictures"
    train_step_train: str = "2 · Training"
    train_step_judge: str = "3 · How good it is"
    train_step_use: str = "4 · Use it"
    train_data: str = "Which pictures to learn from"
    train_sources: dict[str, str] = field(
        default_factory=lambda: {
            "clothing-small": "Clothing, ten classes",
            "clothing": "Clothing, all classes",
            "fashion-mnist": "Fashion-MNIST",
            "upload": "Your own ZIP",
            "own": "Your own catalogue",
        }
    )
    train_organising: str = "Looking at the pictures…"
    train_embedding: str = "{n:,} pictures looked at, {seconds:.0f} s left"
    train_zip: str = "A ZIP with a folder a class"
    train_zip_help: str = (
        "Every picture's class is the folder it is in. Folders named train, validation and test above them are kept "
        "as they are. A table images.csv in the archive is used instead of the folders."
    )
    train_csv: str = "A table of labels, if there is one"
    train_csv_help: str = (
        "CSV with a column of file names and a column label. With a column sender or group, pictures of one sender "
        "stay together."
    )
    train_upload_empty: str = (
        "Ten pictures a class are enough for a first try. Put each class into a folder of its name, and the folders "
        "into a ZIP."
    )
    train_counts: str = (
        "**{n:,} pictures in {classes} classes**: {train:,} to learn from, {validation:,} to choose by, {test:,} to "
        "test with."
    )
    train_counts_alt: str = "How many pictures each class has for training, validation and test"
    train_parts: dict[str, str] = field(
        default_factory=lambda: {"train": "Training", "validation": "Validation", "test": "Test"}
    )
    train_clean: str = "Nothing is missing, unreadable, rare or doubled."
    train_problems: str = "Worth a look: {n}"
    train_left_out: str = "The class {name} has only {n} of the 3 pictures that it needs, so it is left out."
    train_rare: str = "The class {name} has only {n} pictures."
    train_absent: str = "The class {name} has no picture in this part: {part}."
    train_conflict: str = "{first} and {second} are the same file in two classes."
    train_duplicate: str = "{first} ({first_part}) and {second} ({second_part}) are the same picture, or nearly."
    train_missing: str = "{name} is in the table, but not among the pictures."
    train_uncompared: str = "Doubled pictures were not looked for: there are too many pictures."

    train_kind: str = "What learns"
    train_kinds: dict[str, str] = field(
        default_factory=lambda: {"linear": "Linear", "mlp": "Small network", "finetune": "Fine-tune"}
    )
    train_kind_help: str = (
        "Linear and small network learn from the embeddings, in seconds. Fine-tuning trains the last blocks of the "
        "model too, in minutes; it is offered where torch and the pictures are here, and at most 6,000 of them."
    )
    train_epochs: str = "Epochs at most"
    train_epochs_help: str = "Passes over the pictures. It ends sooner when nothing gets better."
    train_seed: str = "Seed"
    train_seed_help: str = "The same pictures, options and seed give the same figures."
    train_weights: str = "Classes count the same"
    train_weights_help: str = "Otherwise a frequent class counts for more than a rare one."
    train_augment: str = "Augmentation"
    train_augment_help: str = "Training pictures are also looked at mirrored, cropped and tilted. Takes longer."
    train_augment_lacking: str = "Needs the pictures on this computer, and at most 6,000 of them."
    train_start: str = "Train"
    train_stop: str = "Stop and keep the best"
    train_preparing: str = "Looking at the pictures once more…"
    train_judging: str = "Testing…"
    train_stopped_early: str = "It was stopped before its first epoch was over, so there is nothing to keep."
    train_status: str = "Epoch {epoch} of {n} · validation accuracy {accuracy:.1%} · {seconds:.0f} s left"
    train_done: str = "**Done after {n} epochs.** Epoch {best} was the best: validation accuracy {accuracy:.1%}."
    train_axis_pictures: str = "Pictures"
    train_axis_epoch: str = "Epoch"
    train_axis_loss: str = "Loss, lower is better"
    train_axis_accuracy: str = "Accuracy, higher is better"
    train_axis_truth: str = "What it is"
    train_axis_guess: str = "What it was taken for"
    train_loss_alt: str = "Loss of training and validation after every epoch; a dashed line marks the best epoch"
    train_accuracy_alt: str = (
        "Accuracy of training and validation after every epoch; a dashed line marks the best epoch"
    )

    train_test_note: str = (
        "On {n:,} test pictures that it has never seen. The brackets hold 95 of 100 figures that a test set of this "
        "size would give."
    )
    train_methods: dict[str, str] = field(
        default_factory=lambda: {
            "classifier": "This classifier",
            "knn": "The 20 closest pictures (k-NN)",
            "zero-shot": "The class names alone (zero-shot)",
        }
    )
    train_published: str = "Published: {who}"
    train_method: str = "Method"
    train_accuracy: str = "Accuracy"
    train_macro_f1: str = "Macro F1"
    train_interval: str = "{value:.3f}  ({low:.3f} to {high:.3f})"
    train_figures_alt: str = "Accuracy and macro F1 of this classifier and of what it is compared with"
    train_confusion: str = "**What was taken for what**"
    train_confusion_alt: str = "How many test pictures of each class were taken for each class"
    train_per_class: str = "**Class by class**"
    train_columns: tuple[str, ...] = ("Class", "Precision", "Recall", "F1", "Pictures")
    train_mistakes: str = "**The mistakes it was surest of**"
    train_no_mistakes: str = "Every test picture was right."
    train_guess: str = "Taken for {guess}, {percent} sure"
    train_truth: str = "It is: {truth}"

    train_use: str = "Photos to classify, one or many, or a ZIP of them"
    train_use_empty: str = "It answers with one of: {labels}."
    train_classifying: str = "Classifying…"
    train_too_many: str = "one upload may hold at most {limit:,} pictures, so it and all after it are left out"
    train_result_alt: str = "{name}: {label}"
    train_more: str = "{n:,} more are in the table."
    train_csv_results: str = "All results as CSV"
    train_download: str = "Classifier (ZIP)"
    train_head_onnx: str = "Head (ONNX)"
    train_whole_onnx: str = "Model and head (ONNX)"
    train_no_onnx: str = (
        "For ONNX files, run python -m core train classifier --onnx FILE where requirements-dev.txt is installed."
    )
    train_load: str = "Use a classifier that you saved"
    train_load_file: str = "The ZIP that you downloaded here"
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
    maps_find: str = "Find by id, or part of it"
    maps_find_example: str = "train/00042"
    maps_found_none: str = "No piece has “{text}” in its id."
    maps_found_many: str = "“{text}” is in the ids of {n:,} pieces, and {most} can be shown. Type more of the id."
    maps_query: str = "Place a sample"
    maps_no_query: str = "None"
    maps_alt: str = "Map of {name}. The table of classes at the end of this page says in figures what it shows."
    maps_predicted: str = "Its neighbours: {name}"
    maps_tools: dict[str, str] = field(
        default_factory=lambda: {
            "lasso": "Lasso",
            "box": "Box",
            "move": "Move",
            "in": "Closer",
            "out": "Farther",
            "whole": "Whole map",
        }
    )
    maps_bar: str = "What the pointer does on the map"
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
    compare_preparing: str = "Preparing {name} for this computer, once: about 20 s…"
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
            "images_per_s": ("Images/s", "%.1f", "Of many pictures, as builds embed them: one worker a core."),
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
