package kind

// Rules say how a kind that is configured by data (htmllist, jsonlist, feed, ical, timetable) reads a site. They
// are an operator's words, plain text throughout: crawler/listing compiles and applies them, and
// config tells what is wrong with them by file, line and key. The tags are the keys of a source's file.
type Rules struct {
	Items  Items    `mapstructure:"items"`
	None   []string `mapstructure:"none"`   // words by which the site itself says that it lists nothing at the moment
	Pages  Pages    `mapstructure:"pages"`  // how the list goes on
	Total  Find     `mapstructure:"total"`  // where the list says how many items it has
	Fields []Field  `mapstructure:"fields"` // of one name, the first that finds something counts
	Status Words    `mapstructure:"status"` // the site's words for a status, before those that every source has
	Keep   []Filter `mapstructure:"keep"`   // an item that one of these does not fit is left out
	Drop   []Filter `mapstructure:"drop"`   // an item that one of these fits is left out
	Detail *Detail  `mapstructure:"detail"` // a page of each item's own; nil if there is none
}

// Items is how one item of a list is found.
type Items struct {
	Path   string `mapstructure:"path"`   // in JSON: a list, or text that is HTML when Select is set too
	Select string `mapstructure:"select"` // in HTML: a CSS selector; each element is an item; of a timetable: the tables
	Sheet  string `mapstructure:"sheet"`  // in a workbook: a pattern that the names of the sheets to read fit; empty is all
}

// Pages is how a list goes on. Without link and parameter it is one page.
type Pages struct {
	Link      Find   `mapstructure:"link"`      // leads to the next page, by its href unless the rule says otherwise
	Parameter string `mapstructure:"parameter"` // a number in the query that counts pages or items
	First     int    `mapstructure:"first"`     // its value on the first page, which is asked for as the address stands
	Step      int    `mapstructure:"step"`      // from page to page; 0 is 1
	Most      int    `mapstructure:"most"`      // pages to read; 0 is 50. Further pages are a gap, unless Part
	Part      bool   `mapstructure:"part"`      // the list is not meant to be read to its end: absence from it means nothing
}

// Find is where something stands. The parts narrow down from left to right: path, then select, then label or
// column, then attribute, then pattern. Which parts a kind can use depends on what its items are.
type Find struct {
	Path      string   `mapstructure:"path"`      // in JSON: names and numbers apart by dots, * for each; else a feed's element, a calendar's property
	Select    string   `mapstructure:"select"`    // in HTML, or in text that is HTML: a CSS selector; empty is the whole item
	Label     []string `mapstructure:"label"`     // in HTML: words of the label beside the value: dt and dd, th and td, "Label: value"
	Column    []string `mapstructure:"column"`    // in a table: words of its header
	Attribute string   `mapstructure:"attribute"` // of the element, in place of its text
	Pattern   string   `mapstructure:"pattern"`   // a regular expression with at most one group, applied to the text as one line
	Value     string   `mapstructure:"value"`     // a constant: alone, all that the rule gives; with other parts, what it gives where they find anything
}

// Field is a named value of an item and where it is found.
type Field struct {
	Name string `mapstructure:"name"` // one of [FieldNames]
	Find `mapstructure:",squash"`
	Unit string `mapstructure:"unit"` // of an amount that states no currency: EUR, kEUR or MEUR
}

// Words are a site's words for the statuses, in any language; case and diacritics do not count.
type Words struct {
	Forthcoming []string `mapstructure:"forthcoming"`
	Open        []string `mapstructure:"open"`
	Closed      []string `mapstructure:"closed"`
}

// Filter fits an item of which a value of the field matches the pattern.
type Filter struct {
	Field   string `mapstructure:"field"`
	Pattern string `mapstructure:"pattern"`
}

// Detail is how the page of one item is read. It only fills what the list left empty.
type Detail struct {
	Address string   `mapstructure:"address"` // with {ref} for the item's ref; empty is the item's url
	Within  []string `mapstructure:"within"`  // beginnings of addresses that are asked for; none is every host of the source
	Fields  []Field  `mapstructure:"fields"`
	Text    string   `mapstructure:"text"`   // a selector, or in JSON a path, of what is the item's text
	Junk    []string `mapstructure:"junk"`   // selectors of what is no part of fields and text: menus, forms, help
	Aside   []string `mapstructure:"aside"`  // selectors of what is no part of the text, but of fields: their table
	Closed  bool     `mapstructure:"closed"` // items that the list calls closed are asked for too
	Needed  bool     `mapstructure:"needed"` // a page that cannot be read makes the run incomplete; else it is a note
}

// FieldNames are the values that a rule can name: those of the exchange format, and
//
//	ref        what identifies the item for good, where its address does not
//	kind       call, consultation, planned or news, where items differ
//	period     opening and closing in one text: "27 juni till 14 september 2026"
//	published  when the site published or last touched the item
func FieldNames() []string {
	return []string{"ref", "kind", "title", "programme", "call", "identifier", "status", "opens", "deadlines", "period", "published",
		"deadline_model", "action_types", "budget_eur", "language", "text", "url", "topics", "call_title", "parent_title", "project",
		"divisions", "grants", "contribution_min_eur", "contribution_max_eur", "eligible"}
}
