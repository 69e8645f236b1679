package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

// feedLine is a feed as `utkik feeds --json` prints it.
type feedLine struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Atom     string     `json:"atom"`
	JSON     string     `json:"json"`
	Calendar string     `json:"calendar"`
	Private  bool       `json:"private"`
	Made     *time.Time `json:"made,omitempty"`
}

func (p *program) feedsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "feeds",
		Short: "List the addresses of feeds and calendars",
		Long: `Lists where feed readers and calendars find what concerns each priority, department and recipient: the address with .ics is a
calendar of last days, .atom and .json are feeds. Those of departments and recipients cannot be guessed: whoever has one can
read it, and renew ends it. A search is a feed too: put what its page's address says after the question mark behind
/feeds/search.atom.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				fs, err := a.FeedAddresses(cmd.Context())
				if err != nil {
					return err
				}
				return p.listFeeds(a, fs)
			})
		},
	}
	c.AddCommand(&cobra.Command{
		Use:   "renew ID",
		Short: "Give a department's or recipient's feed another address, such as of department:kultur; the former one ends",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if err := a.RenewFeed(cmd.Context(), args[0]); err != nil {
					return err
				}
				fs, err := a.FeedAddresses(cmd.Context())
				if err != nil {
					return err
				}
				for _, f := range fs {
					if f.ID == args[0] {
						return p.listFeeds(a, []app.FeedAddress{f})
					}
				}
				return nil
			})
		},
	})
	return c
}

func (p *program) listFeeds(a *app.App, fs []app.FeedAddress) error {
	if p.json {
		out := []feedLine{}
		for _, f := range fs {
			l := feedLine{ID: f.ID, Name: f.Name, Atom: f.Address + ".atom", JSON: f.Address + ".json", Calendar: f.Address + ".ics", Private: f.Private}
			if f.Private {
				l.Made = &f.Made
			}
			out = append(out, l)
		}
		return p.printJSON(struct {
			Feeds []feedLine `json:"feeds"`
		}{out})
	}
	if a.Config.Web.BaseURL == "" {
		fmt.Fprintln(p.err, "web.base_url is not set in the configuration: put the address of `utkik serve` before these")
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FEED\tSINCE\tCALENDAR (OR .atom, .json)")
	for _, f := range fs {
		since := "public"
		if f.Private {
			since = stamp(f.Made)
		}
		fmt.Fprintf(w, "%s\t%s\t%s.ics\n", f.ID, since, f.Address)
	}
	return w.Flush()
}

// actLine is what a recipient did by a link, as `utkik recipients acts --json` prints it.
type actLine struct {
	At        time.Time `json:"at"`
	Recipient string    `json:"recipient"`
	Act       string    `json:"act"`
	Source    string    `json:"source,omitempty"`
	Ref       string    `json:"ref,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Way       string    `json:"way"`
}

func (p *program) recipientsActsCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "acts [RECIPIENT]",
		Short: "List what recipients did by the links in their mails, the latest first",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			who := ""
			if len(args) > 0 {
				who = args[0]
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				acts, err := a.Store.Acts(cmd.Context(), who, limit)
				if err != nil {
					return err
				}
				if p.json {
					out := []actLine{}
					for _, x := range acts {
						out = append(out, actLine{x.At, x.Recipient, x.Act, x.Key.Source, x.Key.Ref, x.Detail, x.Way})
					}
					return p.printJSON(struct {
						Acts []actLine `json:"acts"`
					}{out})
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "WHEN\tRECIPIENT\tACT\tCALL\tDETAIL\tWAY")
				for _, x := range acts {
					about := ""
					if x.Key.Source != "" {
						about = x.Key.String()
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", stamp(x.At), x.Recipient, x.Act, about, x.Detail, x.Way)
				}
				return w.Flush()
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "the latest; 0 is all")
	return c
}
