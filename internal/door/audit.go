package door

import (
	"fmt"
	"net/http"
	"strconv"

	"utkik/internal/store"
)

// logTexts are the words of the audit log's page.
type logTexts struct {
	Head   string            `json:"head"`
	Intro  string            `json:"intro"`
	When   string            `json:"when"`
	Who    string            `json:"who"`
	Way    string            `json:"way"`
	What   string            `json:"what"`
	On     string            `json:"on"`
	Detail string            `json:"detail"`
	Show   string            `json:"show"`
	Older  string            `json:"older"`
	None   string            `json:"none"`
	Ways   map[string]string `json:"ways"`
}

// logPage is a page of the audit log.
type logPage struct {
	frame
	Action        string // address of the form
	Who, What, On string // that are asked for
	Kept          string // language that the form hands on; empty for the first
	Lines         []logLine
	Older         string // address of the next page, empty at the end
}

type logLine struct {
	At                         string
	Who, Way, What, On, Detail string
}

// linesOnPage is how many lines of the log one page shows.
const linesOnPage = 100

// audit shows the audit log, the latest first.
func (d *Door) audit(w http.ResponseWriter, r *http.Request) {
	q, t := r.URL.Query(), d.in(r)
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64) // what is no number is the first page
	f := store.AuditFilter{Who: q.Get("who"), What: q.Get("what"), On: q.Get("on"), Before: max(before, 0), Limit: linesOnPage + 1}
	entries, err := d.cfg.Store.AuditLog(r.Context(), f)
	if err != nil {
		d.broken(w, r, err)
		return
	}
	p := logPage{frame: d.frame(r), Action: d.cfg.Root + "/audit", Who: f.Who, What: f.What, On: f.On}
	if d.lang(r) != languages[0] {
		p.Kept = d.lang(r)
	}
	if len(entries) > linesOnPage {
		entries = entries[:linesOnPage]
		p.Older = d.address(r, "/audit", "who", f.Who, "what", f.What, "on", f.On, "before", fmt.Sprint(entries[linesOnPage-1].ID))
	}
	for _, e := range entries {
		way := t.Log.Ways[e.Way]
		if way == "" {
			way = e.Way
		}
		p.Lines = append(p.Lines, logLine{e.At.In(d.cfg.Zone).Format("2006-01-02 15:04:05"), e.Who, way, e.What, e.On, e.Detail})
	}
	d.show(w, r, http.StatusOK, t.Log.Head, "audit", p)
}
