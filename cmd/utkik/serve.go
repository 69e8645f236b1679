package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) serveCommand() *cobra.Command {
	var roles string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the page, crawl by the sources' rhythm, write digests",
		Long: `Goes on until it is stopped, and takes on the roles of --roles, all unless told otherwise:

  web    answers readers, with an index of its own in the data folder
  crawl  reads each source by its rhythm, matches and links what comes, forgets old documents at night
  mail   writes digests on working days

With a store on PostgreSQL as many machines may serve as are wanted, each with any roles. Work that one did not finish, another
does; "utkik jobs" shows it. On SQLite all roles are one machine's.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := app.ParseRoles(roles)
			if err != nil {
				return usageError{err}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				var l net.Listener
				if r.Has(app.Web) {
					if l, err = net.Listen("tcp", a.Config.Web.Listen); err != nil {
						return fmt.Errorf("%v; choose another address with --listen", err)
					}
					fmt.Fprintf(p.out, "http://%s/\n", l.Addr())
				}
				return a.Serve(cmd.Context(), l, r)
			})
		},
	}
	c.Flags().StringVar(&p.flags.Listen, "listen", "", "`address` to listen on (default 127.0.0.1:8080)")
	c.Flags().StringVar(&roles, "roles", "", "`roles` of this machine, with commas between: web, crawl, mail (default all)")
	return c
}
