// Updates the progress bar of the running sync, and reloads the page when the sync has ended or another has started.
// Without JavaScript, the page reloads itself.
"use strict";
{
    const INTERVAL_MILLISECONDS = 2000;
    const section = document.getElementById("catalog-sync-progress");

    function show(progress) {
        const bar = section.querySelector("progress");
        if (bar && progress.total) {
            bar.max = progress.total;
            bar.value = progress.done;
        }
        section.querySelector("[data-text]").textContent = progress.text;
    }

    async function update() {
        try {
            const reply = await fetch(section.dataset.url, {credentials: "same-origin"});
            const progress = await reply.json();
            if (progress.key !== section.dataset.key) {
                window.location.replace(window.location.href);
                return;
            }
            show(progress);
        } catch {
            // The server is down, or the session has ended. Keep the bar and try again.
        }
        window.setTimeout(update, INTERVAL_MILLISECONDS);
    }

    if (section) {
        window.setTimeout(update, INTERVAL_MILLISECONDS);
    }
}
