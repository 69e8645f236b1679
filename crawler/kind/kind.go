// Package kind is the contract between the crawler's engine and the kinds of sources it can read. A kind
// is pure: it is given a source's data and documents, and answers with requests and calls. It has no
// network, clock, logger or store. Types only; both sides see this package and neither sees the other.
package kind

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"utkik/internal/call"
)

// Source is one site to watch: data that an operator can mend, from config/sources/<id>.yaml.
type Source struct {
	ID       string // fixed, such as ft-portal
	Kind     string // which kind reads it, such as ftportal
	Name     string // for readers, in Swedish
	NameEN   string
	Home     string // address of the site for people
	Enabled  bool
	Base     string            // when set, replaces scheme and host of every address of the source
	Language string            // of what the source publishes, BCP 47, where an item does not say
	Zone     string            // IANA name; deadlines without zone are local to it
	Clock    string            // 15:04; the time of day of a deadline that states only a day, empty if unknown
	Address  map[string]string // addresses by the name that the kind gives them
	Allow    []string          // hosts that requests and redirects may go to besides those of Address
	Every    time.Duration     // rhythm of the crawls
	Delay    time.Duration     // least time between two requests to one host
	MaxBytes int64             // of one body after decompression; more is an error
	Batch    int               // how many documents one machine asks for at a time where several read the source; 0 is 100
	Expect   Expect

	// Of kinds that are configured by data:

	ItemKind  call.Kind // what an item is where it does not say; empty means a call
	Programme string    // short name, where an item does not say
	Rules     Rules
}

// Expect is what a healthy run of a source looks like.
type Expect struct {
	MinItems int     // fewer items make the run incomplete
	MaxJump  float64 // share of the source's listed calls that may appear or vanish in one run, 0.25 = a quarter

	Fields []Share       // fields that items must have
	MaxAge time.Duration // how old the newest item may be, by [Item.Published]; 0 if any age is healthy
}

// Share is how many of a healthy run's items have a field.
type Share struct {
	Field string  `mapstructure:"field"` // a key of the exchange format, such as deadlines
	Least float64 `mapstructure:"least"` // 0.8 = four of five
}

// Request is one thing to fetch.
type Request struct {
	Name   string      // what the answer is to the kind: "search", "details"; Parse switches on it
	Method string      // empty means GET
	URL    string      // absolute; the engine applies Source.Base
	Header http.Header // besides what the engine sets; may be nil
	Body   []byte
	Accept []string // media types that the answer may have; empty allows any
	State  string   // the kind's own words, handed back to Parse and kept with the document
	// Stamp names the version of what is asked for, where a listing already tells it. A stored document
	// of the same key and stamp is used without asking the network again; empty means always ask.
	Stamp string
	// Optional requests may fail without making the run incomplete; the failure becomes a note.
	Optional bool
}

// Key identifies what is asked for: method, address and body.
func (r Request) Key() string {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if len(r.Body) == 0 {
		return method + " " + r.URL
	}
	sum := sha256.Sum256(r.Body)
	return method + " " + r.URL + " " + hex.EncodeToString(sum[:8])
}

// Document is an answer as it came: kept raw before it is parsed.
type Document struct {
	Request     Request
	URL         string // the final one, after redirects
	Status      int
	Header      http.Header
	Fetched     time.Time
	Body        []byte // decompressed
	NotModified bool   // the server said 304, or a stamp spared the request; Body is the stored one
}

// Item is one call found in a document.
type Item struct {
	Call call.Call
	// Fill marks a part: it only fills fields that are empty in the whole item of the same ref.
	Fill bool
	// Hold is a reason to quarantine the item that is visible in the document alone; empty when there is none.
	Hold string
	// Published is when the source says that it published or last touched the item; zero if it does not.
	Published call.Moment
	// Found says which rule found each field, for whoever mends a source's file. Only kinds with rules tell it.
	Found []Found
}

// Found is one field of an item and the rule that found it.
type Found struct {
	Field string
	By    string // the rule in words, such as select "time", attribute "datetime"
}

// Note is something an operator should know of a run.
type Note struct {
	Ref  string // of the item or address that it concerns; may be empty
	Text string
	// Gap says that something is missing because of it: the run is incomplete.
	Gap bool
	// Fault is the class of it; a gap without one counts as [FaultShort].
	Fault Fault
}

// Page is what one document holds.
type Page struct {
	Name    string // the request's, set by the engine
	State   string // the request's, set by the engine
	Key     string // the request's, set by the engine
	Items   []Item
	Next    []Request
	Notes   []Note
	Listing string            // which listing the document is a page of; empty if none
	Total   int               // how many items the source says the listing has; -1 if it does not say
	Labels  map[string]string // code to label, where a document explains codes
}

// Kind reads one shape of site.
type Kind interface {
	// Start gives the requests that a run begins with.
	Start(Source) []Request
	// Parse reads one document. An error means that the document is not what was asked for: it is kept
	// for inspection, nothing of it is used, and the run is incomplete.
	Parse(Source, Document) (Page, error)
}

// Gathered is what the pages of a run come to.
type Gathered struct {
	Items []Item    // whole items, one a ref
	Next  []Request // when not empty: fetch these and gather again
	Notes []Note
}

// Gatherer is a kind that must see all pages together: to compare totals, to ask a second time, to join
// parts. Other kinds get [Merge].
type Gatherer interface {
	Gather(Source, []Page) Gathered
}

// Rechecker is a kind that can look up single items that a complete listing no longer shows.
type Rechecker interface {
	Recheck(Source, []call.Call) []Request
}

// Scrubber is a kind of source whose answers hold what must not be kept, such as names and numbers of persons. The
// engine hands it every answer before anything else sees it: what is parsed, kept, compared and read again later is
// what Scrub gives. Of an answer that it cannot read, for which it gives an error, nothing is kept but that it came.
type Scrubber interface {
	Scrub(Source, Document) ([]byte, error)
}

// Merge joins the items of pages: the first whole item of a ref stands, parts fill its empty fields and its
// status if it states none, and a part without a whole is left out. Order is that of first appearance.
func Merge(pages []Page) []Item {
	var out []Item
	at := map[string]int{}
	for _, p := range pages {
		for _, it := range p.Items {
			if it.Fill {
				continue
			}
			if _, seen := at[it.Call.Ref]; !seen {
				at[it.Call.Ref] = len(out)
				out = append(out, it)
			}
		}
	}
	for _, p := range pages {
		for _, it := range p.Items {
			if i, ok := at[it.Call.Ref]; ok && it.Fill {
				out[i] = fill(out[i], it)
			}
		}
	}
	return out
}

func fill(whole, part Item) Item {
	if whole.Call.Status == "" {
		whole.Call.Status = part.Call.Status
	}
	whole.Call = call.Fill(whole.Call, part.Call)
	if whole.Published.IsZero() {
		whole.Published = part.Published
	}
	for _, f := range part.Found {
		if !slices.ContainsFunc(whole.Found, func(w Found) bool { return w.Field == f.Field }) {
			whole.Found = append(whole.Found[:len(whole.Found):len(whole.Found)], f)
		}
	}
	return whole
}
