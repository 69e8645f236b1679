package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// house is an installation whose calls are written straight to the store.
type house struct {
	*testing.T
	file string
	now  time.Time
}

// monday is a morning after the hour of the recipients.
var monday = time.Date(2026, 5, 18, 6, 0, 0, 0, time.UTC)

func newHouse(t *testing.T) *house {
	t.Helper()
	return &house{T: t, file: configure(t, "sources: []\n"), now: monday}
}

func (h *house) with(do func(*app.App)) {
	h.Helper()
	a := installation(h.T, h.file, h.now)
	defer closeApp(h.T, a)
	do(a)
}

// commit writes to the store as a crawl of the source "sample" at a time.
func (h *house) commit(at time.Time, b store.Batch) {
	h.Helper()
	h.with(func(a *app.App) {
		run, err := a.Store.BeginRun(h.Context(), "sample", "crawl", at)
		if err != nil {
			h.Fatal(err)
		}
		b.Source, b.At = "sample", at
		run.Complete, run.Ended = true, at
		if err := a.Store.Commit(h.Context(), run, b); err != nil {
			h.Fatal(err)
		}
	})
}

// appeared is a new call of the programme CEF.
func appeared(ref, title string) store.Save {
	return store.Save{Call: call.Call{Source: "sample", Ref: ref, Kind: call.KindCall, Title: title, Programme: "CEF", Status: call.StatusOpen, Deadlines: []call.Moment{call.Day(2026, 9, 1)}, Language: "en"},
		Version: true, Seen: true, Changes: []call.Change{{Event: call.EventNew, Material: true}}}
}

func (h *house) recipient(id string, change func(*subscription.Recipient)) {
	h.Helper()
	h.with(func(a *app.App) {
		r := subscription.Recipient{ID: id, Address: id + "@example.org", Name: id, Language: "sv", Zone: "Europe/Stockholm", Hour: 7, Rhythm: subscription.Daily, Lifesign: true,
			Follows: []subscription.Subscription{{Programmes: []string{"CEF"}}}}
		if change != nil {
			change(&r)
		}
		if err := a.SaveRecipient(h.Context(), r, true); err != nil {
			h.Fatal(err)
		}
	})
}

// write writes what is due and gives, for each mail, its key and the refs of which something is told.
func (h *house) write() (app.Written, map[string][]string) {
	h.Helper()
	var w app.Written
	told := map[string][]string{}
	h.with(func(a *app.App) {
		var err error
		if w, err = a.WriteDigests(h.Context(), app.WriteOptions{}); err != nil {
			h.Fatal(err)
		}
		for _, m := range w.Mails {
			_, c, _, err := a.Mail(h.Context(), m.Key)
			if err != nil {
				h.Fatal(err)
			}
			var d digest.Digest
			if err := json.Unmarshal(c.Data, &d); err != nil {
				h.Fatal(err)
			}
			told[m.Key.String()] = []string{}
			for _, s := range d.Sections {
				for _, g := range s.Groups {
					for _, e := range g.Items {
						told[m.Key.String()] = append(told[m.Key.String()], e.Ref)
					}
				}
			}
			slices.Sort(told[m.Key.String()])
		}
	})
	return w, told
}

func (h *house) tells(want map[string][]string) app.Written {
	h.Helper()
	w, got := h.write()
	if diff := cmp.Diff(want, got); diff != "" {
		h.Errorf("%s (-want +got):\n%s", h.now.Format(time.DateOnly), diff)
	}
	return w
}

// What is written down late, under an earlier day, is news when it comes.
func TestLateComers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.recipient("a", nil)
	h.commit(monday, store.Batch{Saves: []store.Save{appeared("1", "One")}})
	h.tells(map[string][]string{"a/2026-05-18": {"1"}})
	h.tells(map[string][]string{})
	h.now = monday.AddDate(0, 0, 1)
	h.commit(monday.AddDate(0, 0, -3), store.Batch{Saves: []store.Save{appeared("2", "Two")}})
	h.tells(map[string][]string{"a/2026-05-19": {"2"}})
}

// What is in quarantine waits, and is told when it is let in, though the reader's place has moved on.
func TestHeldBackAndTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.recipient("a", nil)
	held := appeared("1", "One")
	h.commit(monday, store.Batch{Saves: []store.Save{held, appeared("2", "Two")}, Holds: []store.Hold{{Ref: "1", Reason: "regress: x", Call: held.Call, Since: monday}}})
	h.tells(map[string][]string{"a/2026-05-18": {"2"}})
	h.now = monday.AddDate(0, 0, 1)
	h.tells(map[string][]string{})
	h.now = monday.AddDate(0, 0, 2)
	h.commit(h.now, store.Batch{Release: []string{"1"}})
	h.tells(map[string][]string{"a/2026-05-20": {"1"}})
	h.now = monday.AddDate(0, 0, 3)
	h.tells(map[string][]string{})
}

// One for whom no digest can be made keeps the others from nothing, and loses nothing.
func TestOneFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		h.recipient(id, nil)
	}
	h.with(func(a *app.App) { // the plan has changed since
		for id, follows := range map[string][]subscription.Subscription{"b": {{Priorities: []string{"gone"}}}, "c": nil} {
			r, err := a.Store.Recipient(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			r.Follows = follows
			if err := a.Store.SaveRecipients(t.Context(), []subscription.Recipient{r}, false); err != nil {
				t.Fatal(err)
			}
		}
	})
	h.commit(monday, store.Batch{Saves: []store.Save{appeared("1", "<script>alert(1)</script>"+strings.Repeat("å", 4000)+"\r\nBcc: x@example.org")}})
	w := h.tells(map[string][]string{"a/2026-05-18": {"1"}, "d/2026-05-18": {"1"}})
	if len(w.Failed) != 1 || !strings.Contains(w.Failed[0].String(), `recipient "b": digest: a reader follows priority "gone", which plan`) {
		t.Errorf("failed: %v", w.Failed)
	}
	if len(w.None) != 1 || !strings.Contains(w.None[0].String(), `recipient "c"`) {
		t.Errorf("follows nothing: %v", w.None)
	}
	h.with(func(a *app.App) {
		_, c, _, err := a.Mail(t.Context(), store.MailKey{Recipient: "a", Period: "2026-05-18"})
		if err != nil || strings.Contains(c.HTML, "<script>") || strings.Contains(c.Text, "\nBcc:") || len(c.Text) > 20_000 {
			t.Errorf("%v, %d letters:\n%s", err, len(c.Text), c.HTML)
		}
		b, err := a.Store.Recipient(t.Context(), "b")
		if err != nil || b.Progress.Period != "" {
			t.Errorf("got %+v, %v", b.Progress, err)
		}
		b.Follows = []subscription.Subscription{{Programmes: []string{"cef"}}}
		if err := a.SaveRecipient(t.Context(), b, false); err != nil {
			t.Fatal(err)
		}
	})
	h.tells(map[string][]string{"b/2026-05-18": {"1"}})
}

// Equal readers share what they are told, and each gets it once though several write at the same time.
func TestEqualReadersAndWriters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		h.recipient(id, func(r *subscription.Recipient) { r.Name = "Samma" })
	}
	h.recipient("other", func(r *subscription.Recipient) { r.Name, r.Language = "Samma", "en" })
	h.commit(monday, store.Batch{Saves: []store.Save{appeared("1", "One")}})
	var all sync.WaitGroup
	counts := make(chan int, 3)
	for range cap(counts) {
		all.Go(func() {
			a := installation(t, h.file, h.now)
			defer closeApp(t, a)
			w, err := a.WriteDigests(t.Context(), app.WriteOptions{})
			if err != nil {
				t.Error(err)
			}
			counts <- len(w.Mails)
		})
	}
	all.Wait()
	close(counts)
	sum := 0
	for n := range counts {
		sum += n
	}
	if sum != 7 {
		t.Errorf("%d mails were written for 7 recipients", sum)
	}
	h.with(func(a *app.App) {
		ms, err := a.Store.Mails(t.Context(), "", 0)
		contents, ids := map[string]int{}, map[string]bool{}
		for _, m := range ms {
			contents[m.Content]++
			ids[m.MessageID] = true
		}
		if err != nil || len(ms) != 7 || len(contents) != 2 || len(ids) != 7 {
			t.Errorf("%d mails with %d contents and %d ids, %v", len(ms), len(contents), len(ids), err)
		}
	})
}

func TestPauses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.recipient("alone", func(r *subscription.Recipient) { r.Pause.Until = "2026-05-20" })
	h.recipient("minded", func(r *subscription.Recipient) {
		r.Pause = subscription.Pause{Until: "2026-05-20", StandIn: "vikarie@example.org"}
	})
	h.commit(monday, store.Batch{Saves: []store.Save{appeared("1", "One")}})
	w := h.tells(map[string][]string{"minded/2026-05-18": {"1"}})
	if w.Held != 1 || w.Mails[0].Address != "vikarie@example.org" {
		t.Errorf("got %+v", w)
	}
	h.now = monday.AddDate(0, 0, 1)
	h.commit(h.now, store.Batch{Saves: []store.Save{appeared("2", "Two")}})
	h.tells(map[string][]string{"minded/2026-05-19": {"2"}})
	h.now = monday.AddDate(0, 0, 2)
	h.commit(h.now, store.Batch{Saves: []store.Save{appeared("3", "Three")}})
	w = h.tells(map[string][]string{"alone/2026-05-20": {"1", "2", "3"}, "minded/2026-05-20": {"3"}})
	if w.Mails[1].Address != "minded@example.org" {
		t.Errorf("got %+v", w.Mails)
	}
}

// After a month without news comes a sign of life, for who wants one.
func TestSignOfLife(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.recipient("a", nil)
	h.recipient("b", func(r *subscription.Recipient) { r.Lifesign = false })
	h.commit(monday, store.Batch{Saves: []store.Save{appeared("1", "One")}})
	h.tells(map[string][]string{"a/2026-05-18": {"1"}, "b/2026-05-18": {"1"}})
	h.now = time.Date(2026, 6, 17, 6, 0, 0, 0, time.UTC)
	h.tells(map[string][]string{})
	h.now = h.now.AddDate(0, 0, 1)
	w := h.tells(map[string][]string{"a/2026-06-18": {}})
	if len(w.Mails) == 1 && (w.Mails[0].Kind != app.KindLifesign || !strings.HasPrefix(w.Mails[0].Subject, "Inget nytt")) {
		t.Errorf("got %+v", w.Mails)
	}
	h.now = time.Date(2026, 6, 22, 6, 0, 0, 0, time.UTC) // the 19th is Midsummer Eve
	h.commit(h.now, store.Batch{Saves: []store.Save{appeared("2", "Two")}})
	h.tells(map[string][]string{"a/2026-06-22": {"2"}, "b/2026-06-22": {"2"}})
}
