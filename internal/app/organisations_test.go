package app_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

const threeOrganisations = `web: {base_url: "http://region.example"}
plans:
  - {id: skogsby, plan: strandhammar-2030, base_url: "http://skogsby.example"}
  - {id: berg, plan: rvn-2020, base_url: /o/berg, from: "Berg <utkik@berg.example>", reply_to: svar@berg.example}
`

// Three organisations, two of them with the same plan, are weighed in one pass as each would be alone.
func TestOrganisationsMatched(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	a := installation(t, configure(t, text+threeOrganisations), day)
	defer closeApp(t, a)
	crawl(t, a)
	for _, plan := range []string{"rvn-2020", "strandhammar-2030"} {
		alone := installation(t, configure(t, "plan: "+plan+"\n"+text), day)
		crawl(t, alone)
		want, err := alone.Store.AllMatches(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Store.AllMatches(t.Context(), plan)
		if err != nil || len(want) < 5 {
			t.Fatalf("%d matches, %v", len(want), err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-alone +together):\n%s", plan, d)
		}
		id := map[string]string{"rvn-2020": "berg", "strandhammar-2030": "skogsby"}[plan]
		o, err := a.Organisation(id)
		if err != nil {
			t.Fatal(err)
		}
		q := index.Query{Facets: []string{index.FacetPriority, index.FacetDepartment}, Limit: 100}
		wantFound, err := alone.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		gotFound, err := o.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		wantFound.Took, gotFound.Took = 0, 0
		if d := cmp.Diff(wantFound, gotFound); d != "" {
			t.Errorf("%s finds (-alone +together):\n%s", id, d)
		}
		closeApp(t, alone)
	}
	if found, err := a.Reconcile(t.Context()); err != nil || found != "" {
		t.Errorf("index and store: %q, %v", found, err)
	}
}

// An organisation that comes later is brought to where the others are, and nothing is weighed anew for them.
func TestOrganisationJoins(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	file := configure(t, text)
	a := installation(t, file, day)
	crawl(t, a)
	before, err := a.Store.PlanStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	said, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(said, threeOrganisations...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	a = installation(t, file, day)
	defer closeApp(t, a)
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := a.Store.PlanStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := store.PlanState{Hash: after["strandhammar-2030"].Hash, Cursor: before["rvn-2020"].Cursor}
	if d := cmp.Diff(map[string]store.PlanState{"rvn-2020": before["rvn-2020"], "strandhammar-2030": want}, after); d != "" || want.Hash == "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	skogsby, err := a.Organisation("skogsby")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Store.AllMatches(t.Context(), skogsby.Plan.ID); err != nil || len(got) < 5 {
		t.Errorf("%d calls match for who came later, %v", len(got), err)
	}
	if _, err := a.Organisation("nobody"); err == nil {
		t.Error("an organisation that is not served is found")
	}
}

// What is one organisation's never shows in another's pages, feeds, calendars, mails or keys: every address that the pages
// of each lead to is read as an editor of it, and as nobody.
func TestOrganisationsShowNothing(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0].Add(5 * time.Hour)
	a := installation(t, configure(t, text+threeOrganisations), day)
	t.Cleanup(func() { closeApp(t, a) })
	crawl(t, a)
	ctx := t.Context()
	ids := []string{"", "skogsby", "berg"}
	hosts := map[string]string{"": "region.example", "skogsby": "skogsby.example", "berg": "region.example"}
	roots := map[string]string{"": "", "skogsby": "", "berg": "/o/berg"}
	// foreign tells whether a text shows where another organisation is reached. What it says of its own address is put aside first.
	foreign := func(id, other, body string) bool {
		body = strings.ReplaceAll(body, "\r\n ", "") // a line of a calendar goes on
		body = strings.ReplaceAll(body, "http://"+hosts[id]+roots[id], "")
		if roots[id] != "" {
			body = strings.ReplaceAll(body, id+".o."+hosts[id], "") // by which feeds name things
		}
		return strings.Contains(body, hosts[other]+roots[other]) || roots[other] != "" && strings.Contains(body, roots[other])
	}
	marks := map[string]string{"": "regionshemlighet", "skogsby": "skogsbyhemlighet", "berg": "bergshemlighet"}
	keys, feeds := map[string]string{}, map[string][]app.FeedAddress{}
	var key call.Key
	all, err := a.Store.AllMatches(ctx, a.Plan.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.SortedFunc(maps.Keys(all), call.Key.Compare) {
		if slices.ContainsFunc(all[k], func(r match.Result) bool { return r.Included }) {
			key = k
		}
	}
	for _, id := range ids {
		o, err := a.Organisation(id)
		if err != nil {
			t.Fatal(err)
		}
		mark := marks[id]
		r := subscription.Recipient{ID: "anna", Address: "anna@" + mark + ".example", Name: "Anna " + mark, Department: o.Plan.Departments[0].ID, Language: "sv",
			Zone: "Europe/Stockholm", Hour: 7, Rhythm: subscription.Daily, Lifesign: true,
			Follows: []subscription.Subscription{{Departments: []string{o.Plan.Departments[0].ID}}, {Name: mark, Search: "source:ft-portal"}}}
		if err := o.SaveRecipient(ctx, r, true); err != nil {
			t.Fatal(err)
		}
		for _, d := range []subscription.Decision{
			{Key: key, Department: o.Plan.Departments[0].ID, Choice: subscription.Follow, Why: mark, Who: mark, At: day},
			{Key: key, Recipient: "anna", Choice: subscription.Act, Why: mark, Who: mark, At: day},
		} {
			if err := o.Store.Decide(store.Audited(ctx, store.Entry{Who: mark, What: mark}), d); err != nil {
				t.Fatal(err)
			}
		}
		if keys[id], _, err = o.AddKey(ctx, mark, "editor", day.AddDate(0, 0, 1)); err != nil {
			t.Fatal(err)
		}
		if feeds[id], err = o.FeedAddresses(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Digests(ctx, []string{o.Plan.Departments[0].ID}, portal.Days()[0].Format(time.DateOnly), "sv"); err != nil {
			t.Fatal(err)
		}
		w, err := o.WriteDigests(ctx, app.WriteOptions{})
		if err != nil || len(w.Mails) != 1 || len(w.Failed) > 0 {
			t.Fatalf("%q: mails %+v, %v", id, w, err)
		}
	}

	page, _ := serve(t, a, "web")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(id, path, bearer string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, page+roots[id]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = hosts[id]
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	ours := regexp.MustCompile(`(?:href|action|src)="(/[^"#]*)`)
	for _, id := range ids {
		for _, bearer := range []string{"", keys[id]} {
			queue, seen, shown := []string{"/", "/call/" + key.Path(), "/feeds", "/feeds/search.atom?q=a"}, map[string]bool{}, false
			for _, of := range []string{"search?facet=priority&facet=department", "calls", "calls/" + key.Path(), "changes", "matches", "matches/" + key.Path(), "priorities",
				"sources", "runs", "digests", "digests/anna/2026-05-13", "recipients", "recipients/anna", "decisions",
				"recipients/~skogsby.anna", "recipients/~berg.anna", "digests/~skogsby.anna/2026-05-13", "digests/~berg.anna/2026-05-13"} {
				queue = append(queue, "/api/v1/"+of)
			}
			for _, f := range feeds[id] {
				path, ours := strings.CutPrefix(f.Address, "http://"+hosts[id]+roots[id])
				if !ours {
					t.Fatalf("%q has the feed %s", id, f.Address)
				}
				queue = append(queue, path+".atom", path+".json", path+".ics")
			}
			for len(queue) > 0 && len(seen) < 120 {
				path := queue[0]
				queue = queue[1:]
				if seen[path] || strings.HasPrefix(path, "/original/") {
					continue
				}
				seen[path] = true
				code, body := ask(id, path, bearer)
				shown = shown || strings.Contains(body, marks[id])
				for _, other := range ids {
					if other != id && (strings.Contains(body, marks[other]) || foreign(id, other, body)) {
						t.Errorf("%q: %s shows what is %q's", id, path, other)
					}
				}
				for _, m := range ours.FindAllStringSubmatch(body, -1) {
					next, ours := strings.CutPrefix(strings.ReplaceAll(m[1], "&amp;", "&"), roots[id])
					if !ours {
						t.Errorf("%q: %s leads to %s", id, path, m[1])
					}
					queue = append(queue, next)
				}
				if strings.HasPrefix(path, "/static/") && code != http.StatusOK {
					t.Errorf("%q: %s is answered with %d", id, path, code)
				}
			}
			if len(seen) < 20 || !shown {
				t.Errorf("%q: %d addresses were read, its own shown: %v", id, len(seen), shown)
			}
		}
		for _, other := range ids {
			if other == id {
				continue
			}
			if code, _ := ask(id, "/", keys[other]); code != http.StatusUnauthorized {
				t.Errorf("a key of %q is answered by %q with %d", other, id, code)
			}
			for _, f := range feeds[other] {
				path := strings.TrimPrefix(f.Address, "http://"+hosts[other]+roots[other])
				if code, _ := ask(id, path+".atom", ""); f.Private && code != http.StatusNotFound {
					t.Errorf("feed %s of %q is answered by %q with %d", f.ID, other, id, code)
				}
			}
		}
	}

	// The mails that lie together in the outbox: each speaks of its own, and its links open at home alone.
	mails, _, err := a.Mails(ctx, "", 0)
	if err != nil || len(mails) != 3 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	for _, m := range mails {
		org, _ := store.MailOf(m.MailKey)
		act := regexp.MustCompile(regexp.QuoteMeta("http://"+hosts[org]+roots[org]) + "(" + regexp.QuoteMeta(token.ActPath) + `[A-Za-z0-9_-]+)`)
		raw, exact, err := a.Sent(m, store.Content{})
		if err != nil || !exact || strings.Contains(string(raw), `"Berg" <utkik@berg.example>`) != (org == "berg") || strings.Contains(string(raw), "Reply-To: <svar@berg.example>") != (org == "berg") {
			t.Errorf("%s: exact %v, %v, and who it is from:\n%s", m.MailKey, exact, err, raw)
		}
		_, c, _, err := a.Mail(ctx, m.MailKey)
		if err != nil {
			t.Fatal(err)
		}
		links := act.FindAllStringSubmatch(c.HTML, -1)
		if len(links) == 0 {
			t.Errorf("%s: no links to its own address", m.MailKey)
		}
		for _, other := range ids {
			if other != org && (strings.Contains(c.HTML+c.Text+string(c.Data), marks[other]) || foreign(org, other, c.HTML+c.Text)) {
				t.Errorf("%s speaks of %q", m.MailKey, other)
			}
			want := http.StatusNotFound
			if other == org {
				want = http.StatusOK
			}
			if len(links) > 0 {
				if code, body := ask(other, links[0][1], ""); code != want {
					t.Errorf("a link of %q is answered by %q with %d: %.300s", org, other, code, body)
				}
			}
		}
	}
	if _, body := ask("berg", "/api/v1/openapi.json", ""); !strings.Contains(body, `"/o/berg/api/v1"`) {
		t.Errorf("the description for programs says: %.500s", body)
	}
	berg, err := a.Organisation("berg")
	if err != nil {
		t.Fatal(err)
	}
	if own, counts, err := berg.Mails(ctx, "", 0); err != nil || len(own) != 1 || own[0].Recipient != "anna" || len(counts) != 1 || counts[0].Count != 1 {
		t.Errorf("berg lists %+v, counts %+v, %v", own, counts, err)
	}
	for path, want := range map[string]string{"/o/berg?q=a": "/o/berg/?q=a", "/o/berg//deadlines": "/o/berg/deadlines", "/o/berget/": "", "/o/skogsby/": ""} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, page+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want || want == "" && resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, leads to %q, want %q", path, resp.StatusCode, got, want)
		}
	}
	if _, err := berg.SendMails(ctx); err == nil {
		t.Error("one organisation sends the mails of all")
	}
}
