// Package ftportal reads the EU Funding & Tenders Portal: its search index (SEDIA) and, for topics whose
// row lacks a text, its topic files. The kind is pure; what it knows of the portal was measured in captured
// answers, and each habit of the portal that the code bends to is told where the code does so.
//
// A run is three listings, one a type of row, and each is read like this:
//
//	total    one unsorted query of one row: how many rows the portal has
//	search   pages of 100, sorted by a field that is unique within the type, so that paging cannot shuffle
//	Gather   unique rows against the total; where they differ, another pass under another order
//
// Identity is the index's reference without its language suffix (50138952TOPICS), because the portal renames
// identifiers, and up to 29 cascade calls share the identifier of their parent topic.
package ftportal

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// Kind reads the portal. It implements [kind.Kind], [kind.Gatherer] and [kind.Rechecker].
type Kind struct{}

// Names of requests, and so of pages.
const (
	nameSearch  = "search"
	nameTotal   = "total"
	nameFacet   = "facet"
	nameDetails = "details"
	nameRecheck = "recheck"
)

// Statuses, from the labels of the portal's own facet. Several published clients have the first two the
// wrong way round.
const (
	statusForthcoming = "31094501"
	statusOpen        = "31094502"
	statusClosed      = "31094503"
)

// dataSource is the only part of the index that holds calls as the portal shows them. In June 2026 a second
// one, SEDIA_PRD_CENTRICITY, came with copies under the same identifiers.
const dataSource = "SEDIA"

const (
	pageSize = 100    // the portal cuts larger pages to this, silently
	window   = 10_000 // rows that one query can reach
	batch    = 50     // calls that one recheck asks for: half a page, since an identifier may have two rows
	language = "en"   // without a language each topic comes once a translation
)

// typ is one type of row in the index.
type typ struct {
	code    string
	listing string  // name of its listing, for notes
	marker  string  // in references, before the language
	suffix  string  // the language as references of the type write it
	passes  []order // orders to read the listing in, until it is whole
}

// order is one order of a listing. Rows that lack the field are dropped by the portal.
type order struct{ field, dir string }

// types are the rows that are calls. Type 0 is tenders, type 6 news about a topic.
var types = []typ{
	{"1", "topics", "TOPICS", "en", []order{
		{"identifier", "ASC"}, {"REFERENCE", "ASC"}, {"identifier", "DESC"}, {"startDate", "DESC"}, {"deadlineDate", "ASC"}}},
	{"2", "prospects", "PROSPECTS", "EN", []order{
		{"callIdentifier", "ASC"}, {"REFERENCE", "ASC"}, {"identifier", "ASC"}, {"startDate", "DESC"}, {"deadlineDate", "ASC"}}},
	{"8", "cascades", "COMPETITIVE_CALL", "en", []order{
		{"callccm2Id", "ASC"}, {"REFERENCE", "ASC"}, {"callccm2Id", "DESC"}, {"startDate", "DESC"}, {"deadlineDate", "ASC"}}},
}

// typeOf gives the type that a reference belongs to. References of the former index carry the name of the
// action instead of a marker; they are topics.
func typeOf(ref string) typ {
	for _, t := range types {
		if strings.Contains(ref, t.marker) {
			return t
		}
	}
	return types[0]
}

// Start gives, for each type, the question for its total and the first page of its listing, and last the
// question for the labels of codes.
func (Kind) Start(src kind.Source) []kind.Request {
	var out []kind.Request
	for _, t := range types {
		a := ask{Type: t.code, Status: []string{statusForthcoming, statusOpen}, Lang: language, Page: 1, Size: 1}
		out = append(out, searchRequest(src, nameTotal, a))
		out = append(out, searchRequest(src, nameSearch, a.in(t.passes[0])))
	}
	return append(out, facetRequest(src))
}

// Recheck asks for calls that a complete listing no longer shows, among the closed ones: by reference, and
// also by the field that each type is listed by, since some rows of the index lack REFERENCE. Rows of other
// calls in the answers are dropped. The same requests serve a slower pass over calls that closed earlier,
// because two-stage topics are closed between their stages.
func (Kind) Recheck(src kind.Source, calls []call.Call) []kind.Request {
	calls = slices.Clone(calls)
	slices.SortFunc(calls, func(a, b call.Call) int { return strings.Compare(a.Ref, b.Ref) })
	calls = slices.CompactFunc(calls, func(a, b call.Call) bool { return a.Ref == b.Ref })
	var out []kind.Request
	for _, t := range types {
		var mine []call.Call
		for _, c := range calls {
			if c.Ref != "" && typeOf(c.Ref).code == t.code {
				mine = append(mine, c)
			}
		}
		for some := range slices.Chunk(mine, batch) {
			var refs, references, names []string
			for _, c := range some {
				refs = append(refs, c.Ref)
				references = append(references, c.Ref+t.suffix)
				if !strings.HasSuffix(c.Ref, t.marker) {
					references = append(references, c.Ref) // the former index wrote English without suffix
				}
				name := c.Identifier
				if t.code == "8" {
					name = leadingDigits(c.Ref)
				}
				if name != "" {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			a := ask{Type: t.code, Status: []string{statusClosed}, Lang: language, Page: 1, Size: pageSize, Refs: refs}
			field := "identifier"
			if t.code == "8" {
				field = "callccm2Id"
			}
			for _, w := range []clause{terms("REFERENCE", references...), terms(field, slices.Compact(names)...)} {
				if len(w.Terms) == 0 {
					continue
				}
				// Not optional: a question that failed must not look like a call that is gone.
				out = append(out, searchRequest(src, nameRecheck, a, w))
			}
		}
	}
	return out
}

// ask is what one search asks for. It travels in [kind.Request.State], so that Parse can hold the answer
// against it: the portal ignores queries that it cannot read, and answers with its whole index.
type ask struct {
	Type   string
	Status []string
	Lang   string
	Order  order
	Page   int
	Size   int
	Refs   []string // when not empty: only these calls
}

// in gives the first page of a's listing in another order.
func (a ask) in(o order) ask {
	a.Order, a.Page, a.Size = o, 1, pageSize
	return a
}

func (a ask) state() string {
	v := url.Values{"type": {a.Type}, "status": a.Status, "lang": {a.Lang}, "page": {strconv.Itoa(a.Page)}, "size": {strconv.Itoa(a.Size)}}
	if a.Order.field != "" {
		v.Set("sort", a.Order.field)
		v.Set("dir", a.Order.dir)
	}
	if len(a.Refs) > 0 {
		v["ref"] = a.Refs
	}
	return v.Encode()
}

func parseAsk(state string) (ask, bool) {
	v, err := url.ParseQuery(state)
	if err != nil {
		return ask{}, false
	}
	page, err1 := strconv.Atoi(v.Get("page"))
	size, err2 := strconv.Atoi(v.Get("size"))
	a := ask{Type: v.Get("type"), Status: v["status"], Lang: v.Get("lang"), Page: page, Size: size, Refs: v["ref"]}
	a.Order = order{v.Get("sort"), v.Get("dir")}
	return a, err1 == nil && err2 == nil && page > 0 && size > 0 && a.Type != ""
}

// listing names the listing that a is a page of.
func (a ask) listing() string {
	for _, t := range types {
		if t.code == a.Type {
			return t.listing
		}
	}
	return cmp.Or(a.Type, "unknown")
}
