export const RulesVersion = () => (
  <main className="page" id="main">
    todo
  </main>
)
