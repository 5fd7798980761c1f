// Moves the bar of the running sync, and shows the page anew when the sync has ended or another has begun.
// Without script the page refreshes itself.
"use strict";
{
    const LOOK_MILLISECONDS = 2000;
    const section = document.getElementById("catalog-sync-progress");

    function show(progress) {
        const bar = section.querySelector("progress");
        if (progress.total) {
            bar.max = progress.total;
            bar.value = progress.done;
        }
        section.querySelector("[data-text]").textContent = progress.text;
    }

    async function look() {
        try {
            const reply = await fetch(section.dataset.url, {credentials: "same-origin"});
            const progress = await reply.json();
            if (progress.key !== section.dataset.key) {
                window.location.replace(window.location.href);
                return;
            }
            show(progress);
        } catch {
            // The server is away, or the session has ended: the bar stays, and the next look may do.
        }
        window.setTimeout(look, LOOK_MILLISECONDS);
    }

    if (section) {
        window.setTimeout(look, LOOK_MILLISECONDS);
    }
}
