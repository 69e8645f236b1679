package crawler

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"utkik/crawler/kind"
)

func TestScrub(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ body, want string }{
		"nothing to do":     {"<p>Sista dag 2026-09-22, 17:00. Belopp 1 000 000 kr. Dnr 2024-01234.</p>", "<p>Sista dag 2026-09-22, 17:00. Belopp 1 000 000 kr. Dnr 2024-01234.</p>"},
		"dates and amounts": {"05-12 2026, 08-20 12 2026-05-01T00:00:00.000+0000 0,5 M 2026-01-02 10 20 30", "05-12 2026, 08-20 12 2026-05-01T00:00:00.000+0000 0,5 M 2026-01-02 10 20 30"},
		"a mail address":    {`<a href="mailto:utlysning@myndighet.se">utlysning@myndighet.se</a>`, `<a href="mailto:namn@example.org">namn@example.org</a>`},
		"written otherwise": {`info%40myndighet.se info&#64;myndighet.se info [at] myndighet.se`, `namn@example.org namn@example.org namn@example.org`},
		"of an example":     {"eu@region.example utkik@example.org", "eu@region.example utkik@example.org"},
		"a person's":        {"Kontakta Åsa Öberg-Lind, asa.oberg-lind@myndighet.se.", "Kontakta Namn Namnsson, namn@example.org."},
		"events by their names": {
			"BEGIN:VEVENT\r\nUID:31416-1788739200-1791381600@interreg.no\r\nUID;X=1:a-long-name-that-goes-on-\r\n 1788739200@interreg.no\r\nATTENDEE:mailto:utlysning@interreg.no\r\nUID:anna.berg@interreg.no\r\nEND:VEVENT",
			"BEGIN:VEVENT\r\nUID:31416-1788739200-1791381600@interreg.no\r\nUID;X=1:a-long-name-that-goes-on-\r\n 1788739200@interreg.no\r\nATTENDEE:mailto:namn@example.org\r\nUID:namn@example.org\r\nEND:VEVENT"},
		"telephone numbers":     {"08-473 30 00, 070-123 45 67, +46 8 473 30 00, +46 (0)70 123 45 67, 0046 8 473 30 00, 060-14 80 00, 08/4733000", strings.Repeat("000-000 00 00, ", 6) + "000-000 00 00"},
		"a link to a telephone": {`<a href="tel:+4684733000">Ring</a>`, `<a href="tel:000-000 00 00">Ring</a>`},
		"a contact list":        {`{"Rubrik": "En utlysning", "KontaktLista": [{"Namn": "N N", "Epost": "x"}], "Belopp": 12.50}`, `{"Rubrik": "En utlysning", "KontaktLista": [], "Belopp": 12.50}`},
		"contacts in contacts":  {`[{"a": {"email": "x", "phone": 47, "b": [1, {"Telefon": null}]}, "contact": {"name": "N"}}, 7]`, `[{"a": {"email": "", "phone": 0, "b": [1, {"Telefon": null}]}, "contact": {}}, 7]`},
		"a hidden token":        {`<input type="hidden" name="__RequestVerificationToken" value="CfDJ8abcdefghijkl"><meta name="csrf-token" content='abcdefghijklmn'>`, `<input type="hidden" name="__RequestVerificationToken" value="removed"><meta name="csrf-token" content="removed">`},
		"a token in a link":     {`/x;jsessionid=ABCDEF?q=1&access_token=abc123`, `/x;jsessionid=removed?q=1&access_token=removed`},
		"a token of the web":    {`var t = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-123"`, `var t = "removed"`},
		"a bearer":              {`Authorization: Bearer abcdefghijklmnop`, `Authorization: removed`},
	} {
		got := string(scrub([]byte(tc.body)))
		if got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
		if name != "a bearer" { // its line is refused as a header all the same
			if left := Confidential([]byte(got)); len(left) > 0 {
				t.Errorf("%s: scrubbed, and still %v", name, left)
			}
		}
		if got != tc.body && len(Confidential([]byte(tc.body))) == 0 && !strings.Contains(name, "contact") {
			t.Errorf("%s: would be kept", name)
		}
	}
}

// TestNoRecordingHoldsSecrets reads every recording and fixture of the repository.
func TestNoRecordingHoldsSecrets(t *testing.T) {
	t.Parallel()
	n := 0
	for _, root := range []string{".", filepath.Join("..", "cmd"), filepath.Join("..", "internal"), filepath.Join("..", "index"), filepath.Join("..", "config")} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.Contains(filepath.ToSlash(path), "/testdata/") && !strings.HasPrefix(filepath.ToSlash(path), "testdata/") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n++
			for _, what := range Confidential(data) {
				t.Errorf("%s holds a %s", path, what)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 30 {
		t.Errorf("%d files: those of the repository are more", n)
	}
}

// TestRecord records a run, and plays the recording: it holds what was found, and nothing that it must not.
func TestRecord(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "session=secret")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Api-Key", "secret")
		if _, err := w.Write([]byte("listing x\nitem a Kontakt anna.berg@myndighet.se\nnext https://village.example/two\n")); err != nil {
			t.Error(err)
		}
	})
	p.page("/two", "item b Ring 08-473 30 00\nmaybe https://village.example/none")
	src := kind.Source{ID: "village", Kind: "lines", Base: p.URL, Address: map[string]string{"list": "https://village.example/list"}}
	e := engine(t, quick())
	var s Sample
	rep, err := e.Run(t.Context(), src, lines{}, &s)
	if err != nil || !rep.Complete || len(s.All()) != 3 || len(s.Problems()) != 1 {
		t.Fatalf("%v: %+v, %d documents, %d problems", err, rep, len(s.All()), len(s.Problems()))
	}
	if _, err := e.Record(t.Context(), src, lines{}, s.All()[:2], "A village."); err == nil || !strings.Contains(err.Error(), "the recording lacks GET https://village.example/none") {
		t.Errorf("a page is missing: %v", err)
	}
	got, err := e.Record(t.Context(), src, lines{}, s.All(), "A village.")
	if err != nil {
		t.Fatal(err)
	}
	want := `A village.
-- GET https://village.example/list --
HTTP/1.1 200 OK
Content-Type: text/plain; charset=utf-8

listing x
item a Kontakt namn@example.org
next https://village.example/two
-- GET https://village.example/two --
HTTP/1.1 200 OK
Content-Type: text/plain; charset=utf-8

item b Ring 000-000 00 00
maybe https://village.example/none
-- GET https://village.example/none --
HTTP/1.1 404 Not Found
Content-Type: text/plain; charset=utf-8

404 page not found
-- calls.jsonl --
{"source":"village","ref":"a","kind":"call","title":"Kontakt namn@example.org"}
{"source":"village","ref":"b","kind":"call","title":"Ring 000-000 00 00"}
-- report.txt --
note : source village: GET https://village.example/none: status 404
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRecordWritesBytes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\x00\x01\xff", "item a\n-- GET https://x.example/ --\n", "item a\r\n"} {
		d := kind.Document{Request: kind.Request{URL: "https://village.example/list"}, Status: 200, Header: http.Header{}, Body: []byte(body)}
		ar := txtar.Parse(txtar.Format(&txtar.Archive{Files: []txtar.File{{Name: d.Request.Key(), Data: written(d)}}}))
		if len(ar.Files) != 1 || !strings.Contains(string(ar.Files[0].Data), "base64") {
			t.Errorf("%q: %d files", body, len(ar.Files))
		}
	}
}
