package listing

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// Names of requests, and so of pages.
const (
	NameList   = "list"
	NameDetail = "detail"
)

// Start asks for the first page of each list of a source: of the addresses whose names begin with "list".
func Start(src kind.Source, accept []string) []kind.Request {
	var out []kind.Request
	for _, name := range slices.Sorted(maps.Keys(src.Address)) {
		if strings.HasPrefix(name, NameList) {
			out = append(out, kind.Request{Name: NameList, URL: src.Address[name], Accept: accept, State: Place{List: name, Page: 1}.String()})
		}
	}
	return out
}

// Place is where a page stands in its list. It travels as the state of the page's request.
type Place struct {
	List  string // name of the address
	Page  int    // from 1
	Items int    // on the pages before
	First string // what the page before begins with
}

func (p Place) String() string {
	q := url.Values{"list": {p.List}, "page": {strconv.Itoa(p.Page)}}
	if p.Page > 1 {
		q.Set("items", strconv.Itoa(p.Items))
		q.Set("first", p.First)
	}
	return q.Encode()
}

// ParsePlace reads what Place.String writes.
func ParsePlace(s string) (Place, error) {
	q, err := url.ParseQuery(s)
	page, err2 := strconv.Atoi(q.Get("page"))
	if err != nil || err2 != nil || page < 1 {
		return Place{}, fmt.Errorf("state %q does not say which page was asked for", s)
	}
	items, _ := strconv.Atoi(q.Get("items")) // absent on the first page
	return Place{q.Get("list"), page, items, q.Get("first")}, nil
}

// Seen is what a page of a list shows.
type Seen struct {
	Items int    // items on it, also those that the rules drop
	First string // what tells its first item from others
	Total int    // what the list says that it has; -1 if it does not say
	Link  string // the absolute address of the next page, where a link leads on
}

// Page makes the page of a list: which listing it belongs to, how many items that has, and what comes next. A list
// ends where no link leads on; or, with a parameter, where its total is reached, where a page is empty, and where one
// begins as that before it, since some sites show their last page again for every higher number.
func (r *Rules) Page(req kind.Request, at Place, seen Seen) (p kind.Page) {
	p.Total = -1
	if !r.Pages.Part {
		p.Listing = at.List
		if len(r.drop) == 0 {
			p.Total = seen.Total
		}
	}
	have := at.Items + seen.Items
	again := at.Page > 1 && seen.Items > 0 && seen.First == at.First
	next := ""
	switch {
	case r.Pages.Link != nil:
		next = seen.Link
	case r.Pages.Parameter != "" && seen.Items > 0 && !again && (seen.Total < 0 || have < seen.Total):
		next = withParameter(req.URL, r.Pages.Parameter, r.Pages.First+at.Page*r.Pages.Step)
	}
	switch {
	case next == "":
		// What filters drop the engine cannot count.
		if seen.Total >= 0 && have < seen.Total && p.Listing != "" && p.Total < 0 {
			p.Notes = append(p.Notes, kind.Note{Ref: at.List, Text: fmt.Sprintf("list %s says it has %d items and shows %d", at.List, seen.Total, have), Gap: true})
		}
	case at.Page >= r.Pages.Most && !r.Pages.Part:
		p.Notes = append(p.Notes, kind.Note{Ref: at.List, Text: fmt.Sprintf("list %s goes on after page %d, the last that rules.pages.most allows", at.List, at.Page), Gap: true})
	case at.Page < r.Pages.Most:
		to := Place{List: at.List, Page: at.Page + 1, Items: have, First: seen.First}
		p.Next = append(p.Next, kind.Request{Name: NameList, URL: next, Accept: req.Accept, State: to.String()})
	}
	return p
}

func withParameter(address, name string, value int) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // unreachable: it was fetched
	}
	q := u.Query()
	q.Set(name, strconv.Itoa(value))
	u.RawQuery = q.Encode()
	return u.String()
}

// Ask asks for the item's own page, if the rules want it: not for closed calls, not from other hosts, and not for
// files that are no pages.
func (r *Rules) Ask(src kind.Source, c call.Call, accept []string) []kind.Request {
	d := r.Detail
	if d == nil || c.Status == call.StatusClosed && !d.Closed {
		return nil
	}
	address := c.URL
	if d.Address != "" {
		address = strings.ReplaceAll(d.Address, "{ref}", url.PathEscape(c.Ref))
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !d.within(src, u, address) {
		return nil
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".odt", ".zip":
		return nil
	}
	return []kind.Request{{Name: NameDetail, URL: address, Accept: accept, State: c.Ref, Optional: !d.Needed}}
}

func (d *Detail) within(src kind.Source, u *url.URL, address string) bool {
	if len(d.Within) > 0 {
		return slices.ContainsFunc(d.Within, func(w string) bool { return strings.HasPrefix(address, w) })
	}
	if slices.Contains(src.Allow, strings.ToLower(u.Host)) || host(u) == hostOf(src.Home) {
		return true
	}
	for _, a := range src.Address {
		if host(u) == hostOf(a) {
			return true
		}
	}
	return false
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return host(u)
}

// Open compiles a source's rules and makes the reader of a document. Where every source of a kind has its values comes after
// the rules' own fields. Files are checked when they are read, so that the error speaks to whoever hands over a source from elsewhere.
func Open(src kind.Source, doc kind.Document, everywhere ...kind.Field) (*Rules, *Reader, error) {
	with := src.Rules
	with.Fields = slices.Concat(with.Fields, everywhere)
	rules, mistakes := Compile(with)
	if len(mistakes) > 0 {
		return nil, nil, fmt.Errorf("rules.%s: %s", mistakes[0].Key, mistakes[0].Text)
	}
	return rules, NewReader(src, doc), nil
}
