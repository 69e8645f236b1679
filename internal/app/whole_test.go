package app_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"utkik/internal/app"
	"utkik/internal/store"
)

// The line of a mail that says how many more there are leads to all of them, for whoever has the mail and for nobody else;
// when the mail is old, the page says that what it said is weeded.
func TestFoldLeadsToAll(t *testing.T) {
	t.Parallel()
	const calls = 20 // a mail shows 15 under a heading
	h := &house{T: t, file: configure(t, "sources: []\nweb: {base_url: \"https://utkik.example.org\"}\n"), now: monday}
	h.recipient("anna", nil)
	batch := store.Batch{}
	for i := range calls {
		batch.Saves = append(batch.Saves, appeared(fmt.Sprintf("R%02d", i), fmt.Sprintf("Railway number %02d", i)))
	}
	h.commit(h.now.Add(1), batch)
	h.now = h.now.AddDate(0, 0, 1)
	w, _ := h.write()
	if len(w.Mails) != 1 {
		t.Fatalf("written: %+v", w)
	}
	h.with(func(a *app.App) {
		m, c, _, err := a.Mail(h.Context(), w.Mails[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(c.Text, " number "); n != 15 {
			t.Errorf("the mail shows %d:\n%s", n, c.Text)
		}
		found := regexp.MustCompile(`Alla finns här:\s+https://utkik\.example\.org(/act/\S+)`).FindStringSubmatch(c.Text)
		if found == nil || !strings.Contains(c.HTML, "https://utkik.example.org"+found[1]) || strings.Contains(c.HTML, "Alla finns här: ") {
			t.Fatalf("the fold leads nowhere, or shows a long address:\n%s", c.Text)
		}
		page, stop := serve(t, a, "web")
		defer stop()
		get := func(path string) (int, string) {
			t.Helper()
			resp, err := http.Get(page + path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(body)
		}
		if status, body := get(found[1]); status != http.StatusOK || strings.Count(body, " number ") != calls || strings.Contains(body, "/link/") {
			t.Errorf("its page: %d, %d of %d items", status, strings.Count(body, " number "), calls)
		}
		if status, body := get("/digests/mail/anna/" + m.Period); status != http.StatusUnauthorized || strings.Contains(body, "Railway") {
			t.Errorf("without its link: %d", status)
		}
		if ms, err := a.Store.TakeMails(h.Context(), h.now, 0); err != nil || len(ms) != 1 {
			t.Fatal(ms, err)
		}
		if err := a.Store.RecordMails(h.Context(), []store.Outcome{{Mail: m.MailKey, Address: m.Address, At: h.now, State: store.MailSent}}); err != nil {
			t.Fatal(err)
		}
		if n, err := a.Store.WeedMails(h.Context(), h.now.AddDate(0, 0, 1)); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if status, body := get(found[1]); status != http.StatusOK || strings.Contains(body, " number ") || !strings.Contains(body, "gallrat") {
			t.Errorf("weeded: %d", status)
		}
	})
}
