package link

import (
	"cmp"
	"slices"
	"strings"

	"utkik/internal/call"
	"utkik/internal/text"
)

// Facts are what a call can be recognised by. They are made of the call alone and can be kept in its place.
type Facts struct {
	Key   call.Key  `json:"-"`
	Kind  call.Kind `json:"kind"`
	Title string    `json:"title"`
	Name  Name      `json:"name"`
	Other []string  `json:"other,omitempty"` // titles that its text gives, and its own in other languages
	Days  []string  `json:"days,omitempty"`  // of its deadlines, in order
	Opens string    `json:"opens,omitempty"` // of a notice: the day on which it was published
	ID    string    `json:"id,omitempty"`    // its identifier in normal form
	Call  string    `json:"call,omitempty"`  // code of the call that it is a topic of
	Codes []Code    `json:"codes,omitempty"` // what title, address and text name besides
	URL   string    `json:"url,omitempty"`   // in normal form
	Links []string  `json:"links,omitempty"` // that its source names beside it, in normal form
	Rich  int       `json:"rich"`            // how much it states
	Gone  bool      `json:"-"`               // its source no longer has it
}

// maxCodes and maxLinks bound what is kept of a text: a page that names more is a list.
const (
	maxCodes = 12
	maxLinks = 12
)

// Read gives the facts of a call.
func Read(c *call.Call) Facts {
	f := Facts{
		Key: c.Key(), Kind: c.Kind, Title: text.Clean(c.Title), Name: name(c.Title), URL: Address(c.URL), Rich: rich(c),
		Opens: c.Opens.Date(), ID: ownID(c), Call: strings.ToUpper(strings.TrimSpace(c.Call)),
	}
	for _, d := range c.Deadlines {
		if day := d.Date(); day != "" && !slices.Contains(f.Days, day) {
			f.Days = append(f.Days, day)
		}
	}
	// Of a cascade call the portal states the topic that pays for it: not a call that it would be a part of.
	if strings.HasSuffix(f.ID, "COMPETITIVE_CALL") || c.ParentTitle != "" {
		f.Call = ""
	}
	body := text.FromPlain(c.Text)
	codes := slices.Concat(codesIn(f.Title, "title"), slugCodes(c.URL), codesIn(body, "text"))
	slices.SortStableFunc(codes, func(a, b Code) int { return cmp.Compare(b.Place, a.Place) })
	f.Codes = once(codes)
	f.Codes = slices.DeleteFunc(f.Codes, func(c Code) bool { return c.Code == f.ID })
	f.Codes = f.Codes[:min(len(f.Codes), maxCodes)]
	f.Links = addressesIn(body)
	for _, l := range c.Links {
		if a := Address(l.URL); a != "" && !slices.Contains(f.Links, a) {
			f.Links = append(f.Links, a)
		}
	}
	f.Links = slices.DeleteFunc(f.Links, func(a string) bool { return a == f.URL })
	f.Links = f.Links[:min(len(f.Links), maxLinks)]
	if !portal(f.Key.Source) { // a portal's texts quote other calls, and need no second name
		f.Other = namesIn(body)
	}
	for _, t := range c.Translations {
		f.Other = append(f.Other, text.Clean(t.Title))
	}
	return f
}

// ownID reads the identifier field in the form in which texts are read.
func ownID(c *call.Call) string {
	id := strings.TrimSpace(c.Identifier)
	if id == "" {
		return ""
	}
	if found := codesIn(id, "identifier"); len(found) == 1 {
		return found[0].Code
	}
	if code, ok := dnr(id); ok {
		return code
	}
	return strings.ToUpper(id)
}

// slugCodes are the codes in an address of the item's own.
func slugCodes(address string) []Code {
	out := codesIn(strings.NewReplacer("%3A", ":", "%3a", ":").Replace(address), "url")
	for i := range out {
		out[i].Quote = address
		// Words of a page that are written small may only look like a code.
		out[i].Slug = family(out[i].Code) != "com" && !strings.Contains(address, out[i].Code)
	}
	return out
}

// rich counts what a call states; a long text counts like a few fields.
func rich(c *call.Call) int {
	n := 0
	for _, stated := range []bool{!c.Opens.IsZero(), len(c.Deadlines) > 0, c.BudgetEUR > 0, c.Grants > 0, c.MaxEUR > 0, c.Eligible != "",
		len(c.ActionTypes) > 0, c.Identifier != "", c.Call != "", c.Status != "", len(c.Topics) > 0, c.URL != "", c.Programme != ""} {
		if stated {
			n += 100
		}
	}
	return n + min(len(c.Text)/20, 400)
}
