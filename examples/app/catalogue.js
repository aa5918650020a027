/** What the shop sells. Prices are cents. */
export const catalogue = [
  { id: 'apples', name: 'Apples', price: 320, unit: 'a kilo' },
  { id: 'bread', name: 'Rye bread', price: 450, unit: 'a loaf' },
  { id: 'cheese', name: 'Mountain cheese', price: 690, unit: '250 g' },
  { id: 'honey', name: 'Forest honey', price: 780, unit: 'a jar' },
  { id: 'tea', name: 'Green tea', price: 540, unit: '100 g' },
  { id: 'flowers', name: 'Sunflowers', price: 1200, unit: 'a bunch' }
]

export const productOf = id => catalogue.find(product => product.id === id)

export const euros = cents => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100)
