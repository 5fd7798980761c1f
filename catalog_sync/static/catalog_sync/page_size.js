// Shows the cost of the page size while it is typed. The table below has that of the usual page sizes.
"use strict";
{
    const output = document.getElementById("catalog-sync-cost");
    const field = document.getElementById("id_page_size");

    function sentence(pageSize) {
        const texts = JSON.parse(output.dataset.texts);
        const {count, quota, least} = JSON.parse(output.dataset.values);
        if (pageSize === 0) {
            return texts.auto;
        }
        // The same rule as in catalog_sync/quota.py: consecutive pages overlap by one course run.
        const requests = Math.max(1, Math.ceil(count / Math.max(1, pageSize - 1)));
        const syncs = Math.floor(quota / requests);
        const percent = Math.ceil(100 * requests / quota);
        const values = {count, quota, least, requests, percent, syncs};
        const text = `${requests === 1 ? texts.one : texts.cost} ${syncs ? texts.count : texts.excess}`;
        return text.replace(/{(\w+)}/g, (_, name) => values[name].toLocaleString("en-US"));
    }

    if (output && field) {
        const update = () => {
            const typed = field.value.trim();
            output.textContent = /^\d+$/.test(typed) ? sentence(Number(typed)) : "";
        };
        field.addEventListener("input", update);
        // The server may have replaced the typed value by that of another user.
        update();
    }
}
